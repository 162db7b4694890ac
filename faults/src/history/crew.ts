import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Database } from '../traffic/database.js'
import type { HistoryEvent } from './events.js'
import type { Order, Report } from './messages.js'
import type { ClientTerms } from './terms.js'

const MAIN = fileURLToPath(new URL('client-main.ts', import.meta.url))

export interface History {
  readonly events: readonly HistoryEvent[]
  /** The errors that callers got instead of an answer. */
  readonly errors: readonly string[]
}

/** Processes that produce histories, one after another. */
export class Crew {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  static async start(count: number): Promise<Crew> {
    const processes = Array.from({ length: count }, () =>
      fork(MAIN, { execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'] }),
    )
    await Promise.all(processes.map((process) => once(process, 'message')))
    return new Crew(processes)
  }

  /** All play at once, on one source. */
  async play(terms: Omit<ClientTerms, 'process' | 'processes'>): Promise<History> {
    const source = new Database()
    const parts = await Promise.all(
      this.#processes.map((process, index) =>
        playOne(process, { ...terms, process: index, processes: this.#processes.length }, source),
      ),
    )
    return { events: parts.flatMap(({ events }) => events), errors: parts.flatMap(({ errors }) => errors) }
  }

  async stop(): Promise<void> {
    const gone = this.#processes.map((process) => once(process, 'exit'))
    for (const process of this.#processes) process.disconnect()
    await Promise.all(gone)
  }
}

function playOne(process: ChildProcess, terms: ClientTerms, source: Database): Promise<History> {
  return new Promise((resolve, reject) => {
    const send = (order: Order): void => void process.send(order)
    const onExit = (code: number | null): void => reject(new Error(`a process ended with ${code}`))
    const onReport = (report: Report): void => {
      if ('question' in report) {
        const { question, key, change } = report
        send({ question, version: change ? source.change(key) : source.version(key) })
      } else if ('events' in report) {
        process.off('message', onReport).off('exit', onExit)
        resolve(report)
      }
    }
    process.on('message', onReport).on('exit', onExit)
    send({ play: terms })
  })
}
