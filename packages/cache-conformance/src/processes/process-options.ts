/** What another process needs to make the store under test just as the suite did. */
export interface ProcessOptions {
  /** Its default export makes the store. */
  readonly module: URL
  /** Arguments for Node, such as a TypeScript loader. */
  readonly execArgv: readonly string[]
  readonly prefix: string
  /** Deadline of the guard in milliseconds. */
  readonly timeoutMs: number
}
