import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ProbeReport, ProbeScript } from './probe-report.js'
import type { ProcessOptions } from './process-options.js'
import { scriptUrl } from './script-url.js'

/** How long the script may take to start and run. */
const RUN_MS = 30_000
/** How long the process may live after its last step. */
const EXIT_MS = 3_000

/** Runs a script in a process of its own. Never leaves one behind. */
export function probe(
  script: ProbeScript,
  { module, execArgv, prefix, timeoutMs }: ProcessOptions,
): Promise<ProbeReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(scriptUrl('probe-script')), [script, module.href, prefix, String(timeoutMs)], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let printed = ''
    let told: Pick<ProbeReport, 'earlyConnections' | 'strays' | 'failure'> | undefined
    let timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        printed += chunk.toString('utf8')
      })
    }
    child.on('message', (message) => {
      told = message as NonNullable<typeof told>
      clearTimeout(timer)
      timer = setTimeout(() => child.kill('SIGKILL'), EXIT_MS)
    })
    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer)
      resolve({
        exited: signal === null,
        exitCode,
        printed,
        earlyConnections: told?.earlyConnections ?? 0,
        strays: told?.strays ?? [],
        failure: told === undefined ? `the process ended before its last step: ${printed.slice(-500)}` : told.failure,
      })
    })
  })
}
