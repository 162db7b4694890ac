import { LRUCache } from 'lru-cache'
import { first, type HeaderLines, has, keep } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { storable } from '../rules/storable.js'
import type { UrlText } from './resource.js'

/** URLs of which this process remembers what they answer. */
const MAX_URLS = 10_000

/**
 * What this process knows of the whole responses of URLs: whether they may be stored, and whether they say their length.
 * A range or condition may be hidden from a handler only where its whole response will do, for the client and for the
 * store. Of any other URL the handler answers it, as without a cache, and that answer shows what the whole would be.
 */
export class WholeResponses {
  readonly #rules: HttpCacheRules
  /** Of what may be stored: whether its length is known when it begins. */
  readonly #known = new LRUCache<UrlText, boolean>({ max: MAX_URLS })

  constructor(rules: HttpCacheRules) {
    this.#rules = rules
  }

  /**
   * Whether the whole response will do where a request asks for less.
   * @param stored Whether the store knows of the URL: then it was stored lately.
   */
  willDo(url: UrlText, asked: HeaderLines, stored: boolean): boolean {
    // Of a version that the client names, only the handler knows; and a download goes on where it was interrupted.
    if (has(asked, 'if-match') || has(asked, 'if-unmodified-since') || has(asked, 'if-range')) return false
    const sized = this.#known.get(url)
    return has(asked, 'range') ? sized === true : stored || sized !== undefined
  }

  /** A handler has begun to answer: all, a part (206), or that nothing is new (304). */
  saw(url: UrlText, head: CacheResponse, now: number): void {
    if (head.status !== 200 && head.status !== 206 && head.status !== 304) return
    const whole = { status: 200, headers: keep(head.headers, (name) => name !== 'content-range') }
    const times = { requestedAt: now, receivedAt: now }
    if (!storable({ method: 'GET', credentials: false }, whole, this.#rules, times).storable) this.#known.delete(url)
    else this.#known.set(url, tellsLength(head) || this.#known.get(url) === true)
  }
}

function tellsLength({ status, headers }: CacheResponse): boolean {
  if (status === 206) return /\/\d+$/.test(first(headers, 'content-range') ?? '')
  return status === 200 && has(headers, 'content-length')
}
