/** As much of `pg` as the pages use. It is no dependency of the repository. */
declare module 'pg' {
  export class Pool {
    constructor(config: { connectionString: string })
    query(text: string, params?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
    end(): Promise<void>
  }
}
