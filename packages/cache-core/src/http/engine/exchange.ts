import type { HeaderLines } from '../message/headers.js'
import type { CacheRequest, CacheResponse, Sight } from '../message/message.js'

/** The head of a response, as the handler gave it. */
export interface ResponseHead extends CacheResponse {
  /** The reason phrase, empty for the usual one. */
  readonly statusText: string
  /**
   * Names, in lower case, of fields that stood there before the handler ran, and that it left alone: a layer outside of
   * the cache (CORS, a request id, a rate limit) sets them on every response, so they are not stored with this one.
   */
  readonly outside: ReadonlySet<string>
}

/** A response to send as it is. */
export type CompleteResponse = Omit<ResponseHead, 'outside'>

/** What becomes of a response that begins. */
export interface HeadDecision {
  /** The field lines that the client gets. */
  readonly headers: HeaderLines
  /** Whether the body is kept, too, while it goes out. */
  readonly capture: boolean
}

/** How a handler is run for one client. */
export interface RunPlan {
  /** What the handler sees of the request; absent: all of it. */
  readonly sees?: Sight | undefined
  /** Called once, when the head is about to go out. */
  readonly onHead: (head: ResponseHead) => HeadDecision
  /** Capture ends, and the outcome is `'passed'`, with a body larger than this. */
  readonly maxBodyBytes: number
  /** Capture ends, and the outcome is `'passed'`, when this is aborted; the response itself goes on. */
  readonly signal?: AbortSignal | undefined
  /**
   * Told when the client has gone before the response began: the handler may still answer, for others, or never.
   * `giveUp` ends the wait for it, with the outcome `'broken'`.
   */
  readonly onAbandoned?: (giveUp: () => void) => void
}

export type RunOutcome =
  | { readonly end: 'captured'; readonly body: readonly Uint8Array[] }
  /** Nothing was to be captured, or no longer; the response may still be going out. */
  | { readonly end: 'passed' }
  /** The response ended before its time: the handler gave up, or the client had gone and nobody would hear the rest. */
  | { readonly end: 'broken' }

/** One request and the way to answer it: all that a framework's entry point has to give. */
export interface Exchange {
  readonly request: CacheRequest
  /** Answers with this, completely. A body of `undefined` is none. */
  send(head: CompleteResponse, body: Uint8Array | undefined): void
  /** Lets the handler answer; what it answers goes out while it is observed. Never rejects. */
  run(plan: RunPlan): Promise<RunOutcome>
  /** Lets the handler answer; nothing goes out before the promise of `onHead` is settled. */
  hold(onHead: (head: ResponseHead) => Promise<HeaderLines>): void
}
