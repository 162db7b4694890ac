/** A request from the application's thread to the database's thread. */
export interface Request {
  readonly id: number
  readonly sql: string
  readonly params: readonly unknown[]
}

/** A message from the database's thread: that all cities are loaded, once, or the answer to a request. */
export type Reply =
  | { readonly ready: number }
  | { readonly id: number; readonly rows: unknown[] }
  | { readonly id: number; readonly error: Error }
