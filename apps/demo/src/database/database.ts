import type { Connection } from './connection.js'

/** The application's database. Counts how often each query really ran, which shows what a cache saves. */
export class Database {
  readonly #connection: Connection
  readonly #loads = new Map<string, number>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get ready(): Promise<number> {
    return this.#connection.ready
  }

  /** How often each query ran, by its name. */
  get loads(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#loads)
  }

  /** @param name The query's name in `loads`. */
  query<Row>(name: string, sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    this.#loads.set(name, (this.#loads.get(name) ?? 0) + 1)
    return this.#connection.query<Row>(sql, params)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
