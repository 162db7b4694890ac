// Runs the pinned pnpm, which npm fetches, so that a clone needs nothing but Node. The version stands in one place:
// packageManager.
//
// The root scripts use `pnpm exec`, which first installs what is missing (verifyDepsBeforeRun in pnpm-workspace.yaml)
// and, unlike `pnpm run`, adds no line of its own after the command's last one.
import './preflight.mjs'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How soon this process notices that its parent is gone, in milliseconds. */
const PARENT_CHECK = 500

const env = {
  ...process.env,
  // No tool sends telemetry, and none checks for a newer version of itself.
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  npm_config_update_notifier: 'false',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
}

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
// npm only tells where pnpm is: if npm ran it, a shell that does not pass signals on would stand between.
const { status, stdout } = spawnSync(
  'npm',
  ['exec', '--yes', `--package=${packageManager}`, '--', 'node', '-p', 'process.env.PATH'],
  { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] },
)
if (status !== 0) {
  console.error(`npm could not fetch ${packageManager}: its reason stands above. Is the package registry in reach?`)
  process.exit(1)
}

const child = spawn('pnpm', process.argv.slice(2), { stdio: 'inherit', env: { ...env, PATH: stdout.trim() } })

// On Ctrl-C the terminal signals the child as well; this process only waits for its orderly end.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
// Killing `npm run` kills its shell, too, but not this process: without a parent it has nobody to work for.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM')
}, PARENT_CHECK).unref()

child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
