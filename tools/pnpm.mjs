// Runs the pinned pnpm through npm, so that a clone needs nothing but Node. One place knows the version: packageManager.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const child = spawn('npm', ['exec', '--yes', '--', packageManager, ...process.argv.slice(2)], { stdio: 'inherit' })

// The child shares the terminal and hears Ctrl-C itself; this process only waits for its orderly end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
