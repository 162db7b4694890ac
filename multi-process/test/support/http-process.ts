import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Asking, ask, open, type Reply } from '../../../packages/cache-core/test/frameworks/support/client.js'
import type { HttpReport } from './http-process-main.js'

const MAIN = fileURLToPath(new URL('http-process-main.ts', import.meta.url))

interface HttpProcessOptions {
  readonly url: string
  readonly prefix: string
  /** In milliseconds. */
  readonly storeTimeout: number
}

/** A process of an application, as its clients see it. */
export class HttpProcess {
  readonly #child: ChildProcess
  readonly #arrived = new Map<string, number>()
  readonly #ran = new Map<string, number>()
  #port = 0
  #lastWords = ''

  private constructor(options: HttpProcessOptions) {
    const { url, prefix, storeTimeout } = options
    this.#child = fork(MAIN, [url, prefix, String(storeTimeout)], {
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords += chunk.toString('utf8')
    })
  }

  static async start(options: HttpProcessOptions): Promise<HttpProcess> {
    const started = new HttpProcess(options)
    const child = started.#child
    await new Promise<void>((resolve, reject) => {
      child.on('message', (report: HttpReport) => {
        if ('arrived' in report) count(started.#arrived, report.arrived)
        else if ('ran' in report) count(started.#ran, report.ran)
        else {
          started.#port = report.listening
          resolve()
        }
      })
      child.on('exit', () => reject(new Error(`a process has ended: ${started.#lastWords}`)))
    })
    return started
  }

  get(path: string, asking?: Asking): Promise<Reply> {
    return ask(this.#port, path, asking)
  }

  /** A client that leaves when it is told to. */
  leaveable(path: string): AbortController {
    const client = new AbortController()
    open(this.#port, path, { signal: client.signal }).catch(() => {})
    return client
  }

  arrived(path: string): number {
    return this.#arrived.get(path) ?? 0
  }

  ran(path: string): number {
    return this.#ran.get(path) ?? 0
  }

  /** Lets held handlers answer from now on, or holds them. */
  tell(order: 'open' | 'close'): void {
    this.#child.send(order)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

function count(counts: Map<string, number>, path: string): void {
  counts.set(path, (counts.get(path) ?? 0) + 1)
}
