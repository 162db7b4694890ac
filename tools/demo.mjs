// `npm run demo`: builds the demo and its dependencies, then runs it in this process, so that signals and exit codes
// are the demo's own.
import { spawnSync } from 'node:child_process'
import { ROOT } from './workspace.mjs'

const build = spawnSync('turbo', ['run', 'build', '--filter=@tiercel/demo...', '--output-logs=errors-only'], {
  cwd: ROOT,
  encoding: 'utf8',
})
if (build.status !== 0) {
  console.error(`The demo cannot be built:\n${build.stdout ?? ''}${build.stderr ?? ''}${build.error ?? ''}`)
  process.exit(1)
}

await import(new URL('../apps/demo/dist/main.js', import.meta.url).href)
