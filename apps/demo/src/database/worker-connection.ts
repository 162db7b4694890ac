import { Worker } from 'node:worker_threads'
import type { Connection } from './connection.js'
import type { Reply, Request } from './worker-messages.js'

interface Pending {
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (error: Error) => void
}

/** PostgreSQL in a thread of its own: while a query scans the cities, this thread keeps answering from the cache. */
export class WorkerConnection implements Connection {
  readonly ready: Promise<number>
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  #gone: Error | undefined

  /** @param snapshot As for `PgliteConnection`. */
  constructor(snapshot?: string) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: snapshot })
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (reply: Reply) => {
        if ('ready' in reply) resolve(reply.ready)
        else this.#settle(reply)
      })
      const end = (error: Error): void => {
        reject(error)
        this.#end(error)
      }
      this.#worker.on('error', end)
      this.#worker.on('exit', () => end(new Error('the database is closed')))
    })
    // Callers that await `ready` see a failure; without any listener it would end the process.
    this.ready.catch(() => {})
  }

  query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    const id = this.#nextId++
    return new Promise<unknown[]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      const request: Request = { id, sql, params }
      this.#worker.postMessage(request)
    }) as Promise<Row[]>
  }

  /** Ends the thread at once: a database in memory has nothing to save. */
  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(reply: Exclude<Reply, { ready: number }>): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('error' in reply) pending?.reject(reply.error)
    else pending?.resolve(reply.rows)
  }

  #end(error: Error): void {
    this.#gone ??= error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
