import type { HeaderLines } from '../message/headers.js'
import type { CacheRequest, CacheResponse, Sight } from '../message/message.js'
import type { ByteRange } from '../message/range.js'
import type { HeadChanges } from '../rules/head-changes.js'
import type { BodyCapture } from './body-capture.js'

/** The head of a response, as the handler gave it. */
export interface ResponseHead extends CacheResponse {
  /** The reason phrase, empty for the usual one. */
  readonly statusText: string
  /**
   * What the handler and the layers inside of the cache did to the fields that layers outside had set (CORS, a request
   * id, a rate limit). Those set theirs on every response, so only this is stored.
   */
  readonly changes: HeadChanges
}

/** A complete response, and how its fields combine with those that layers outside have set. */
export interface CompleteResponse extends CacheResponse {
  /** The reason phrase, empty for the usual one. */
  readonly statusText: string
  /**
   * Names, in lower case, of fields that are lists: their lines go behind those that layers outside have set. The lines
   * of all others replace theirs. Vary is one always; members that stand there already are not repeated.
   */
  readonly added: readonly string[]
  /** Names, in lower case, of fields to be removed, although a layer outside has set them. */
  readonly removed: readonly string[]
}

/** What to do with a response that begins. */
export interface HeadDecision {
  /** The field lines that the client gets. */
  readonly headers: HeaderLines
  /** Whether the body is also captured while it goes out. */
  readonly capture: boolean
  /** The part of the response for this client, where it asked for less than the whole: 206, 304 or 416. */
  readonly partial?: PartialAnswer | undefined
  /** Goes out in place of the handler's answer, which only confirms it. Nothing is captured then. */
  readonly instead?: InsteadAnswer | undefined
  /** The same where it is not known yet: nothing goes out until it is, whatever the handler still writes. Never rejects. */
  readonly later?: Promise<InsteadDecision> | undefined
}

export type InsteadDecision = HeadDecision & { readonly instead: InsteadAnswer }

export interface InsteadAnswer {
  readonly status: number
  /** The reason phrase, empty for the usual one. */
  readonly statusText: string
  readonly body: Uint8Array | undefined
}

export interface PartialAnswer {
  /** In place of the handler's, with the usual reason phrase. */
  readonly status: number
  /** The bytes of the body that the client gets; `undefined`: none. The whole is captured all the same. */
  readonly range: ByteRange | undefined
}

/** How a handler is run for one client. */
export interface RunPlan {
  /** What the handler sees of the request; absent: all of it. */
  readonly sees?: Sight | undefined
  /** Called once, when the head is about to go out. */
  readonly onHead: (head: ResponseHead) => HeadDecision
  /**
   * Called with the head as it went out, since layers outside may add to it when it is written (a session its cookie).
   * Returns why the body is not to be kept after all, or `undefined`. Only called where `onHead` wants it kept.
   */
  readonly onSent?: ((headers: HeaderLines) => string | undefined) | undefined
  /** Whether `onHead` may decide for a part, or for something else: then it is called before any of the body goes out. */
  readonly mayBePartial?: boolean | undefined
  /** Keeps the body, where `onHead` wants it kept. When it gives up, the outcome is `'passed'`. Absent: nothing is kept. */
  readonly capture?: BodyCapture | undefined
  /** Capture ends, and the outcome is `'passed'`, when this is aborted; the response itself goes on. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called when the client has gone before the response began: the handler may still answer for others, or never.
   * `giveUp` ends the wait for it, with the outcome `'broken'`.
   */
  readonly onAbandoned?: (giveUp: () => void) => void
  /**
   * What goes out where the handler breaks off the connection of its client before it has answered: the field lines of a
   * 504. Absent: nothing, as without a cache. Only over HTTP/1.
   */
  readonly onBrokenOff?: (() => HeaderLines) | undefined
}

export type RunOutcome =
  /** All of the body is in the `capture` of the plan. */
  | { readonly end: 'captured' }
  /** Nothing was to be captured, or no longer, for a `reason` of `onSent`; the response may still be going out. */
  | { readonly end: 'passed'; readonly reason?: string }
  /** The response ended before its time: the handler gave up, or the client had gone and nobody would hear the rest. */
  | { readonly end: 'broken' }

/**
 * A request that the cache itself makes to the application, behind the answer to another one. It passes through all layers
 * outside, and contains nothing that the key does not cover.
 */
export interface Errand {
  /** What it asks for: a GET. */
  readonly sees: Sight
  /** The cache that it must come back to. */
  readonly owner: object
  /** Whether it has come back unchanged: layers outside may have made another request of it. */
  readonly expects: (request: CacheRequest) => boolean
  /** Called where another cache stands further inside, to which the request, and its response, belong. */
  readonly leaveTo: (inner: object) => void
}

/** Runs a handler whose response goes to nobody. */
export interface Rerun {
  /** As that of an exchange. The plan's `sees` counts where the request comes back to the cache. Never rejects. */
  run(plan: RunPlan): Promise<RunOutcome | Refused>
}

/** The request did not come back to the cache, since a layer outside has answered it. */
export interface Refused {
  readonly end: 'refused'
  /** Of that answer; `undefined` where there was none. */
  readonly status: number | undefined
}

/** How the response to a write is sent. */
export interface WritePlan {
  /**
   * Called when the head goes out. Where the response is for others as well, its body is captured in what this returns. Then
   * `keep` stores it, after the last `invalidate`, and the end of the response waits for that as well. Neither fails.
   */
  readonly capture?: (head: ResponseHead) => BodyCapture | undefined
  readonly keep?: () => Promise<void>
  /** Goes out as Cache-Status, in a line of its own, where that changes nothing else of the head; `undefined`: no field. */
  readonly cacheStatus: string | undefined
  /**
   * Invalidates what the response says that the write has changed; `undefined`, nothing, and nobody has to wait. Never
   * rejects. Called when the head goes out, and again at the end where that comes in a later turn of the event loop:
   * what was loaded in between may be from before the write.
   */
  readonly invalidate: (head: CacheResponse) => Promise<void> | undefined
}

/** One request and the ways to answer it: all that the entry point of a framework has to provide. */
export interface Exchange {
  readonly request: CacheRequest
  /** The same, made with less effort, where it is a simple one. Absent, or `undefined`: only `request` says what it is. */
  readonly brief?: CacheRequest | undefined
  /** The present method, where layers inside can change it (`?_method=DELETE`). Absent: as it came. */
  readonly methodNow?: string | undefined
  /**
   * Answers with this, completely. A body of `undefined` is none. A HEAD has the fields of the GET, Content-Length too
   * (RFC 9110 section 9.3.2), and gets its body for layers outside to see (an ETag is made of it): it is not sent.
   */
  send(head: CompleteResponse, body: Uint8Array | undefined): void
  /** Calls back, once or more, when the response has left the process or its client has gone. Absent: that is not known. */
  readonly whenSent?: ((then: () => void) => void) | undefined
  /** Lets the handler answer; what it answers goes out while it is observed. Never rejects. */
  run(plan: RunPlan): Promise<RunOutcome>
  /**
   * Lets the handler answer as if there were no cache: the server sees the same calls in the same order, and what is
   * not the end may go out at once. Only what completes the response (the last chunk, and all of a body whose length
   * was announced and is reached) waits until `invalidate` is settled: a client that has read the answer finds nothing older.
   */
  write(plan: WritePlan): void
  /**
   * A way to the handler that does not need the client's request, and outlives it. Absent, or `undefined`, where there is
   * none.
   */
  again?(errand: Errand): Rerun | undefined
}
