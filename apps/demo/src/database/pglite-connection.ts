import { PGlite } from '@electric-sql/pglite'
import type { Connection } from './connection.js'
import { loadCities } from './load-cities.js'

/** PostgreSQL in this thread, in memory. A query holds the thread until it is done: an application wants `WorkerConnection`. */
export class PgliteConnection implements Connection {
  readonly ready: Promise<number>
  readonly #postgres: Promise<PGlite>

  constructor() {
    this.#postgres = PGlite.create()
    this.ready = this.#postgres.then(loadCities)
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    await this.ready
    const { rows } = await (await this.#postgres).query<Row>(sql, [...params])
    return rows
  }

  async close(): Promise<void> {
    await (await this.#postgres).close()
  }
}
