import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CacheOptions } from '@tiercel/cache-core'
import type { Commands } from './commands.js'
import type { Database } from './database.js'
import type { Order, Report } from './messages.js'

export interface CacheProcessOptions {
  readonly url: string
  readonly prefix: string
  readonly storeTimeout: NonNullable<CacheOptions['storeTimeout']>
  readonly database: Database
}

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>

const MAIN = fileURLToPath(new URL('process-main.ts', import.meta.url))
/** How long a process may take to close its store. */
const STOP_MS = 3_000
/** Longer than a reader wants a stack to be, in characters. */
const MAX_WORDS = 1_000

/** Another process with a cache of its own, as the test sees it. */
export class CacheProcess {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  #calls = 0
  #lastWords = ''
  #ended: Error | undefined

  private constructor({ url, prefix, storeTimeout, database }: CacheProcessOptions) {
    this.#child = fork(MAIN, [url, prefix, JSON.stringify(storeTimeout)], {
      execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-MAX_WORDS)
    })
    this.#child.on('message', (report: Report) => this.#onReport(report, database))
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`a process ended by ${signal ?? `exit code ${code}`}: ${this.#lastWords}`)
      this.#ended = error
      for (const { reject } of this.#pending.values()) reject(error)
      this.#pending.clear()
    })
  }

  /** Resolves when each is ready and has asked its store once. */
  static async start(count: number, options: CacheProcessOptions): Promise<CacheProcess[]> {
    const processes = Array.from({ length: count }, () => new CacheProcess(options))
    try {
      await Promise.all(processes.map((each) => each.#started()))
      return processes
    } catch (error) {
      await Promise.all(processes.map((each) => each.stop()))
      throw error
    }
  }

  run<Name extends keyof Commands>(command: Name, ...args: Parameters<Commands[Name]>): Promise<Result<Name>> {
    const call = this.#calls++
    return new Promise<Result<Name>>((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended
      this.#pending.set(call, { resolve: resolve as (result: unknown) => void, reject })
      this.#send({ call, command, args })
    })
  }

  /** Sends SIGKILL. Commands that have not ended are forgotten without an error. */
  async kill(): Promise<void> {
    this.#pending.clear()
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(late)
  }

  #started(): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(-1, { resolve, reject }))
  }

  #onReport(report: Report, database: Database): void {
    if ('read' in report) {
      this.#answer(report.read, () => database.read(report.key))
      return
    }
    const call = 'started' in report ? -1 : report.call
    const pending = this.#pending.get(call)
    this.#pending.delete(call)
    if ('failure' in report) pending?.reject(new Error(report.failure))
    else pending?.resolve('result' in report ? report.result : undefined)
  }

  #answer(read: number, look: () => string | undefined): void {
    try {
      const value = look()
      if (value !== undefined) this.#send({ read, value })
    } catch (error) {
      this.#send({ read, refused: (error as Error).message })
    }
  }

  /** Does not fail if the process has just ended: its exit reports that. */
  #send(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }
}
