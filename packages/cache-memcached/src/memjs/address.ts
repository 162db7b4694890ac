/** Where a server is, and as whom to log in. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
}

export interface Timings {
  /** How long connecting may take, authentication and first answer included, in milliseconds. */
  readonly connectTimeoutMs: number
  /** How long the server may stay silent while an answer is due before its callers are told so, in milliseconds. */
  readonly timeoutMs: number
  /** How long after a failed attempt to connect the next one begins, in milliseconds. */
  readonly probeIntervalMs: number
}
