import { PGlite } from '@electric-sql/pglite'
import type { Connection } from './connection.js'
import { loadCities } from './load-cities.js'
import { readSnapshot, writeSnapshot } from './snapshot.js'

/**
 * PostgreSQL in this thread, in memory. A query blocks the thread until it is done: an application wants
 * `WorkerConnection`.
 */
export class PgliteConnection implements Connection {
  readonly ready: Promise<number>
  readonly #postgres: Promise<PGlite>

  /** @param snapshot A file with the loaded database, for a start within a second. Written if it does not exist. */
  constructor(snapshot?: string) {
    const saved = snapshot === undefined ? undefined : readSnapshot(snapshot)
    this.#postgres = Promise.resolve(saved).then((loadDataDir) => PGlite.create(loadDataDir && { loadDataDir }))
    this.ready = this.#load(saved, snapshot)
  }

  async query<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    await this.ready
    const { rows } = await (await this.#postgres).query<Row>(sql, [...params])
    return rows
  }

  async close(): Promise<void> {
    await (await this.#postgres).close()
  }

  async #load(saved: Promise<Blob | undefined> | undefined, snapshot: string | undefined): Promise<number> {
    const postgres = await this.#postgres
    if (await saved) {
      const { rows } = await postgres.query<{ count: number }>('select count(*)::integer as count from cities')
      return rows[0]?.count ?? 0
    }
    const count = await loadCities(postgres)
    if (snapshot !== undefined) await writeSnapshot(snapshot, await postgres.dumpDataDir('none'))
    return count
  }
}
