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

/** A response to send beside, or in place of, the fields that layers outside have set. */
export interface CompleteResponse extends CacheResponse {
  /** The reason phrase, empty for the usual one. */
  readonly statusText: string
  /**
   * Names, in lower case, of fields that are lists: their lines go behind those that layers outside have set. The lines
   * of all others replace theirs. Vary is one always; members that stand there already are not repeated.
   */
  readonly added: readonly string[]
  /** Names, in lower case, of fields that do not go out, although a layer outside has set them. */
  readonly removed: readonly string[]
}

/** What becomes of a response that begins. */
export interface HeadDecision {
  /** The field lines that the client gets. */
  readonly headers: HeaderLines
  /** Whether the body is kept, too, while it goes out. */
  readonly capture: boolean
  /** What this client gets of the response, where it asked for less than the whole: 206, 304 or 416. */
  readonly partial?: PartialAnswer | undefined
  /** What goes out in place of the handler's answer, which only says that this still holds. Nothing is captured then. */
  readonly instead?: InsteadAnswer | undefined
  /** The same where it is not known yet: until it is, nothing goes out, whatever the handler still writes. Never rejects. */
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
   * Told what went out, where layers outside add to a head when it is written (a session its cookie): why the body is
   * not to be kept after all, or `undefined`. Only where `onHead` wants it kept.
   */
  readonly onSent?: ((headers: HeaderLines) => string | undefined) | undefined
  /** Whether `onHead` may decide for a part, or for something else: then it is asked before any of the body is on its way. */
  readonly mayBePartial?: boolean | undefined
  /** Keeps the body, where `onHead` wants it kept; absent, nothing ever is. When it does not any more, the outcome is `'passed'`. */
  readonly capture?: BodyCapture | undefined
  /** Capture ends, and the outcome is `'passed'`, when this is aborted; the response itself goes on. */
  readonly signal?: AbortSignal | undefined
  /**
   * Told when the client has gone before the response began: the handler may still answer, for others, or never.
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
 * A request that the cache makes of the application itself, behind the answer to another one. It comes in through all
 * layers outside, and has nothing that the key does not cover.
 */
export interface Errand {
  /** What it asks for: a GET. */
  readonly sees: Sight
  /** The cache to which it is to come back. */
  readonly owner: object
  /** Whether it has come back as what it was sent for: layers outside may have made another request of it. */
  readonly expects: (request: CacheRequest) => boolean
  /** Told where another cache stands further inside: the request, and what it asks for, are that one's. */
  readonly leaveTo: (inner: object) => void
}

/** Runs a handler whose response goes to nobody. */
export interface Rerun {
  /** As that of an exchange. The plan's `sees` counts where the request comes back to the cache. Never rejects. */
  run(plan: RunPlan): Promise<RunOutcome | Refused>
}

/** The request did not come back to the cache: some layer outside has answered it. */
export interface Refused {
  readonly end: 'refused'
  /** Of that answer; `undefined` where there was none. */
  readonly status: number | undefined
}

/** How the response to a write is sent. */
export interface WritePlan {
  /**
   * Asked when the head goes out; where the response is for others, too, its body is kept here while it goes out. Then
   * `keep` stores it, behind the last `invalidate`; its end waits for that as well. Neither fails.
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

/** One request and the way to answer it: all that a framework's entry point has to give. */
export interface Exchange {
  readonly request: CacheRequest
  /** The method now, where layers inside can make another of it (`?_method=DELETE`). Absent: as it came. */
  readonly methodNow?: string | undefined
  /**
   * Answers with this, completely. A body of `undefined` is none. A HEAD has the fields of the GET, Content-Length too
   * (RFC 9110 section 9.3.2), and gets its body for layers outside to see (an ETag is made of it): it is not sent.
   */
  send(head: CompleteResponse, body: Uint8Array | undefined): void
  /** Calls back, once or more, when the response has left the process, or its client is gone. Absent: nobody tells. */
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
   * A way to the handler for which the request of a client is not needed, and which lasts longer than that. Absent, or
   * `undefined`, where there is none.
   */
  again?(errand: Errand): Rerun | undefined
}
