import { defineConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.js'

// One process for all files, so that they share one database (test/support.ts).
export default defineConfig({
  ...shared,
  test: { ...shared.test, globalSetup: ['test/first-start.ts'], isolate: false, fileParallelism: false },
})
