import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CrewOrder, CrewReport } from './crew-task.js'
import type { ProcessOptions } from './process-options.js'
import { scriptUrl } from './script-url.js'

/** A worker loads its module, perhaps a loader, and a driver, on a busy machine. */
const ANSWER_MS = 30_000
/** How long a worker may take to close its store. */
const END_MS = 3_000
/** Most characters of a stack trace that are kept; a reader wants no more. */
const MAX_WORDS = 500

/** One process of a crew, as the suite sees it. */
export class CrewWorker {
  readonly #child: ChildProcess
  #lastWords = ''

  constructor(name: string, { module, execArgv, prefix, timeoutMs }: ProcessOptions) {
    this.#child = fork(fileURLToPath(scriptUrl('worker')), [module.href, prefix, String(timeoutMs), name], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-MAX_WORDS)
    })
  }

  /** The worker's next report. Rejects if the worker failed, died or stayed silent. */
  report(): Promise<CrewReport> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(() => reject(new Error('a worker process did not answer'))), ANSWER_MS)
      const onMessage = (message: unknown): void => {
        const seen = message as CrewReport
        end(() => ('failed' in seen ? reject(new Error(`in a worker process: ${seen.failed}`)) : resolve(seen)))
      }
      const onExit = (code: number | null): void => {
        end(() => reject(new Error(`a worker process ended with exit code ${code}: ${this.#lastWords}`)))
      }
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        this.#child.off('message', onMessage)
        this.#child.off('exit', onExit)
        settle()
      }
      this.#child.on('message', onMessage)
      this.#child.on('exit', onExit)
    })
  }

  /** Gives an order and resolves with the report on it. */
  async order(order: CrewOrder): Promise<CrewReport> {
    if (!this.#child.connected) throw new Error(`a worker process has ended: ${this.#lastWords}`)
    const report = this.report()
    // If the worker ends at this moment, its exit shows it.
    this.#child.send(order, () => undefined)
    return report
  }

  async dismiss(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await gone
    clearTimeout(late)
  }
}
