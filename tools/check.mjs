// `npm run check`: all checks that do not run the code. Every step runs, even if others fail. Each prints one line when
// it ends, and the output of those that failed follows at the end.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { ROOT } from './workspace.mjs'

/**
 * @typedef {{ name: string, commands: readonly string[] }} Step  Its commands run in order, up to the first failure.
 * @typedef {{ name: string, ok: boolean, output: string }} Outcome
 */

/**
 * The longest first, so that the short ones fill the second core.
 * @type {readonly Step[]}
 */
const STEPS = [
  {
    name: 'packages (build, publint, attw)',
    commands: ['turbo run build --output-logs=errors-only --continue=always', 'node tools/check-packages.mjs'],
  },
  // One program for nearly all packages: one for each read core's sources and Node's types 17 times, 54 s of CPU for
  // 17.
  { name: 'types (tsc)', commands: ['tsc -p .', 'tsc -p differential', 'tsc -p docs', 'tsc -p tools'] },
  { name: 'unused code (knip)', commands: ['knip --no-progress'] },
  { name: 'typed lint (oxlint)', commands: ['oxlint --type-aware --deny-warnings'] },
  { name: 'format and lint (biome)', commands: ['biome check --error-on-warnings .'] },
  { name: 'layers, families and circles', commands: ['node tools/check-imports.mjs'] },
  { name: 'length of files', commands: ['node tools/check-length.mjs'] },
  { name: 'one version of each dependency', commands: ['node tools/check-versions.mjs'] },
]

/** @returns {Promise<Outcome[]>} in the order of the steps */
export async function runChecks() {
  /** @type {Outcome[]} */
  const outcomes = []
  const waiting = STEPS.entries()
  const worker = async () => {
    for (const [index, step] of waiting) outcomes[index] = await runStep(step)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))

  for (const { name, output } of outcomes.filter(({ ok }) => !ok)) console.log(`\n── ${name} ──\n${output.trim()}`)
  return outcomes
}

/**
 * @param {Step} step
 * @returns {Promise<Outcome>}
 */
async function runStep({ name, commands }) {
  const start = performance.now()
  let output = ''
  let ok = true
  for (const command of commands) {
    const result = await run(command)
    output += result.output
    ok = result.ok
    if (!ok) break
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${ok ? 'ok    ' : 'failed'}  ${name}, ${seconds} s`)
  return { name, ok, output }
}

/**
 * @param {string} command
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run(command) {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, { cwd: ROOT, shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const outcomes = await runChecks()
  if (outcomes.some(({ ok }) => !ok)) process.exitCode = 1
}
