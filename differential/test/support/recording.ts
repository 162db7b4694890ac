import type { Exchange } from './exchange.js'
import type { Reply } from './reply.js'

/** An exchange as recorded: what the client saw, and what the application noted. */
export interface Recording {
  readonly exchange: Exchange
  readonly reply: Reply
  readonly notes: readonly string[]
  /** What the visitor has captured so far: tokens that a layer makes at random. */
  readonly captured: ReadonlyMap<string, string>
}

/** The same exchange with and without the cache. */
export interface Pair {
  readonly round: number
  readonly plain: Recording
  readonly cached: Recording
}
