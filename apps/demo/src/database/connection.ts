/** PostgreSQL, wherever it runs. */
export interface Connection {
  /** Waits until the cities are loaded, then answers. */
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>
  /** Resolves with the number of cities when all are loaded. */
  readonly ready: Promise<number>
  close(): Promise<void>
}
