// Runs the pinned pnpm through npm, so that a clone needs nothing but Node. One place knows the version: packageManager.
//
// The root scripts use `pnpm exec`, which installs what is missing first (verifyDepsBeforeRun in pnpm-workspace.yaml)
// and, unlike `pnpm run`, adds no line of its own after the command's last one.
import './preflight.mjs'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const child = spawn('npm', ['exec', '--yes', '--', packageManager, ...process.argv.slice(2)], {
  stdio: 'inherit',
  // No tool phones home, and none asks whether there is a newer one.
  env: {
    ...process.env,
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  },
})

// The child shares the terminal and hears Ctrl-C itself; this process only waits for its orderly end.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
