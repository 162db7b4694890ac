import type { ConnectionOptions } from 'node:tls'

/** Settings of TLS as `tls.connect` takes them, without where to connect to. */
export type TlsSettings = Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket'>

/** Where a server is, how to speak to it, and which account to log in with. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** `undefined`: in clear. */
  readonly tls?: TlsSettings | undefined
}

/** How long a server is waited for, and how much it may say. */
export interface Bounds {
  /** How long connecting may take, authentication and first answer included, in milliseconds. */
  readonly connectTimeoutMs: number
  /** How long the server may stay silent while an answer is due before its callers are told so, in milliseconds. */
  readonly timeoutMs: number
  /** How long after a failed attempt to connect the next one begins, in milliseconds. */
  readonly probeIntervalMs: number
  /** Of one answer. A longer one is dropped while it arrives, but for its head. */
  readonly maxReplyBytes: number
}
