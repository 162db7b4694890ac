import { isUnsafe } from '../../http/rules/invalidation.js'

/** A cache that a request is passing. */
export interface Passage {
  /** The request as it came, before it was narrowed. */
  readonly original: Request
  /** Steps aside, before the response has begun: the handler's response goes out as if there were no cache. */
  withdraw(): void
}

const passages = new WeakMap<Request, Passage>()

/** Lets a cache further inside find this one by the request that it gets. */
export function enter(passage: Passage, shown: Request): void {
  passages.set(shown, passage)
}

/**
 * The request as it came, for a cache to handle. Of several caches that it passes, the innermost one rules: it is nearest to
 * the route, and knows what the route depends on. Those further out step aside. All of them hear of a write.
 */
export function takeOver(shown: Request): Request {
  const outer = passages.get(shown)
  if (outer === undefined) return shown
  if (!isUnsafe(shown.method)) {
    passages.delete(shown)
    outer.withdraw()
  }
  return outer.original
}
