// `npm test`: the checks, the servers, every package's tests, and one line of numbers at the end.
// Options: `--long` for the long repetitions. Any other goes to turbo and leaves out the checks, as in
// `npm test -- --filter=@tiercel/cache-redis`.
import { fork, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks } from './check.mjs'
import { summarize, summaryLines } from './test-summary.mjs'
import { turboRuns } from './turbo-runs.mjs'
import { ROOT, workspacePackages } from './workspace.mjs'

/** @typedef {import('./test-summary.mjs').TestRun} TestRun */

/** Where turbo writes its reports, one file a run. */
const TURBO_RUNS = join(ROOT, '.turbo/runs')
const TEST_TASKS = ['test', 'test:tools']

const ci = Boolean(process.env.CI)
const turboArguments = process.argv.slice(2).filter((argument) => argument !== '--long')
const long = process.argv.includes('--long')

/** @type {{ name: string, message: string }[]} */
const failures = []

// The servers are downloaded while the checks run.
const [checks, servers] = await Promise.all([turboArguments.length === 0 ? runChecks() : [], prepareServers()])
for (const { name, ok } of checks) if (!ok) failures.push({ name: `check: ${name}`, message: 'see above' })
for (const { engine, problem } of servers) {
  if (problem !== undefined && ci) failures.push({ name: `${engine} server`, message: problem })
}

const tasks = await runTurbo()
failures.push(
  ...tasks
    .filter((task) => !TEST_TASKS.includes(task.task) && (task.execution?.exitCode ?? 0) !== 0)
    .map((task) => ({ name: task.taskId, message: 'failed, see above' })),
)
if (tasks.length === 0) failures.push({ name: 'turbo', message: 'ran nothing, see above' })

const summary = summarize(tasks.filter((task) => TEST_TASKS.includes(task.task)).map(testRun), failures, { ci })
console.log(summaryLines(summary).join('\n'))
process.exitCode = summary.failures.length > 0 ? 1 : 0

/** @returns {Promise<import('./prepare-servers.mjs').Prepared[]>} */
function prepareServers() {
  return new Promise((resolve, reject) => {
    /** @type {import('./prepare-servers.mjs').Prepared[]} */
    const prepared = []
    const child = fork(join(ROOT, 'tools/prepare-servers.mjs'), { cwd: ROOT, execArgv: ['--import', 'tsx'] })
    child.on('message', (message) => prepared.push(/** @type {import('./prepare-servers.mjs').Prepared} */ (message)))
    child.on('error', reject)
    child.on('exit', (code) =>
      code === 0 ? resolve(prepared) : reject(new Error('The servers could not be prepared.')),
    )
  })
}

/**
 * @typedef {{ taskId: string, task: string, package: string, directory: string, execution?: { exitCode: number } }}
 *   TurboTask
 * @returns {Promise<TurboTask[]>}
 */
async function runTurbo() {
  // Results of an earlier run must not count. Turbo restores those of its cache hits.
  for (const { folder } of workspacePackages())
    rmSync(join(ROOT, folder, 'test-results'), { recursive: true, force: true })
  rmSync(TURBO_RUNS, { recursive: true, force: true })

  for (const lanes of turboRuns(TEST_TASKS, turboArguments)) await Promise.all(lanes.map(inOrder))

  const files = existsSync(TURBO_RUNS) ? readdirSync(TURBO_RUNS) : []
  /** @type {TurboTask[]} */
  const tasks = files.flatMap((file) => JSON.parse(readFileSync(join(TURBO_RUNS, file), 'utf8')).tasks)
  // A build that the tests of several runs need is in each of their reports.
  return [...new Map(tasks.map((task) => [task.taskId, task])).values()]
}

/** @param {readonly string[][]} runs */
async function inOrder(runs) {
  for (const run of runs) await turbo(run)
}

/** @param {readonly string[]} run */
function turbo(run) {
  const options = ['--continue=always', '--summarize', '--ui=stream', '--output-logs=new-only']
  const ready = servers.filter(({ problem }) => problem === undefined).map(({ engine }) => engine)
  return new Promise((resolve, reject) => {
    const child = spawn('turbo', ['run', ...options, ...run], {
      cwd: ROOT,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...(long ? { TIERCEL_LONG: '1' } : {}),
        // Part of turbo's cache key: a run that had to skip a server must not stand for one that had it.
        TIERCEL_READY_SERVERS: ready.join(','),
      },
    })
    child.on('error', reject)
    child.on('close', resolve)
  })
}

/**
 * @param {TurboTask} task
 * @returns {TestRun}
 */
function testRun(task) {
  const folder = join(ROOT, task.directory)
  return {
    name: task.task === 'test' ? task.package : 'tools',
    exitCode: task.execution?.exitCode,
    hasTestFiles: hasTestFiles(task.task === 'test' ? join(folder, 'test') : join(folder, 'tools/test')),
    results: readJson(join(folder, 'test-results/results.json')),
    skippedServers: readJson(join(folder, 'test-results/skipped.json')) ?? [],
  }
}

/** @param {string} folder */
function hasTestFiles(folder) {
  if (!existsSync(folder)) return false
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => /\.test\.m?[jt]s$/.test(name))
}

/** @param {string} file */
function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
