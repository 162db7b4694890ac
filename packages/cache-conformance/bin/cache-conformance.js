#!/usr/bin/env node
// Not `dist/cli.js` itself: pnpm links commands when it installs, before anything is built.
import '../dist/cli.js'
