import { isUnsafe } from '../../http/rules/invalidation.js'

/** A request on its way through a cache. */
export interface Passage {
  /** As it came, before the handler saw less of it. */
  readonly original: Request
  /** Steps aside, before the response has begun: what the handler answers goes out as if there were no cache. */
  withdraw(): void
}

const passages = new WeakMap<Request, Passage>()

/** From now on a cache further inside finds this one by the request that it gets. */
export function enter(passage: Passage, shown: Request): void {
  passages.set(shown, passage)
}

/**
 * The request for a cache to handle, as it came. Of several caches that it comes through, the innermost rules: it stands
 * nearest to the route, and says what that depends on. Those outside step aside. Of a write all of them hear.
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
