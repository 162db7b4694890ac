/** What the application's thread asks of the database's thread. */
export interface Request {
  readonly id: number
  readonly sql: string
  readonly params: readonly unknown[]
}

/** What it is told: once that all cities are loaded, and an answer to each request. */
export type Reply =
  | { readonly ready: number }
  | { readonly id: number; readonly rows: unknown[] }
  | { readonly id: number; readonly error: Error }
