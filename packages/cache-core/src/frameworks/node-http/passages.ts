import type { IncomingMessage } from 'node:http'

/** A request on its way through a cache to its handler. */
export interface Passage {
  /** Steps aside, before the response has begun: what the handler answers goes out as if there were no cache. */
  withdraw(): void
}

/** A WeakMap costs the collector 12 µs a request (measured). */
const PASSAGE = Symbol('tiercel.passage')

interface Passing extends IncomingMessage {
  [PASSAGE]?: Passage
}

/**
 * From now on a cache further inside finds this one by the request. Not called for a hit, which nobody inside sees: on
 * Express before Node 24 a property more makes every request a shape of its own, and each look at it is then a search.
 */
export function enter(passage: Passage, req: Passing): void {
  req[PASSAGE] = passage
}

/** The cache through which the request came last. */
export function passageOf(req: Passing): Passage | undefined {
  return req[PASSAGE]
}
