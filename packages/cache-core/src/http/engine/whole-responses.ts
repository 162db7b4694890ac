import { textLru } from '../../base/text-lru.js'
import { first, type HeaderLines, has, keep } from '../message/headers.js'
import type { CacheResponse } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { storable } from '../rules/storable.js'
import type { UrlText } from './resource.js'

/** Memory for URLs, in characters of their names. */
const MAX_CHARACTERS = 2_097_152

/**
 * How long after a storable response a failure leaves no pass mark: a client that knows how to elicit an error, by something
 * that is not in the key, must not decide for all others. Milliseconds.
 */
const STORABLE_FOR_MS = 60_000

interface Known {
  /** Whether the whole may be stored, and then whether its length is known when it begins. */
  readonly storable: 'no' | 'sized' | 'unsized'
  /** When it was last storable, wall clock. */
  readonly storableAt: number
}

/**
 * What this process knows about the whole responses of URLs: whether they may be stored, and whether they give their length.
 * A range or condition may be hidden from a handler only if its whole response suits both the client and the store.
 * For any other URL the handler answers it, as without a cache, and that answer shows what the whole would be like.
 */
export class WholeResponses {
  readonly #rules: HttpCacheRules
  readonly #known = textLru<Known>(MAX_CHARACTERS)

  constructor(rules: HttpCacheRules) {
    this.#rules = rules
  }

  /**
   * Whether the whole response will do where a request asks for less.
   * @param stored Whether the store knows of the URL: then it was stored lately.
   */
  willDo(url: UrlText, asked: HeaderLines, stored: boolean): boolean {
    // Only the handler knows the version that the client names; and a download must resume with the same bytes.
    if (has(asked, 'if-match') || has(asked, 'if-unmodified-since') || has(asked, 'if-range')) return false
    const storable = this.#known.get(url)?.storable ?? 'no'
    return has(asked, 'range') ? storable === 'sized' : stored || storable !== 'no'
  }

  /** Whether the URL was answered lately with what may be stored. */
  wasStorable(url: UrlText, now: number): boolean {
    const known = this.#known.peek(url)
    return known !== undefined && now - known.storableAt < STORABLE_FOR_MS
  }

  /** A handler has begun to answer: with all, a part (206), or a 304. */
  saw(url: UrlText, head: CacheResponse, now: number): void {
    if (head.status !== 200 && head.status !== 206 && head.status !== 304) return
    const whole = { status: 200, headers: keep(head.headers, (name) => name !== 'content-range') }
    const times = { requestedAt: now, receivedAt: now }
    const known = this.#known.get(url)
    if (storable({ method: 'GET', credentials: false }, whole, this.#rules, times).storable) {
      const sized = tellsLength(head) || known?.storable === 'sized'
      this.#known.set(url, { storable: sized ? 'sized' : 'unsized', storableAt: now })
    } else if (known !== undefined) {
      this.#known.set(url, { ...known, storable: 'no' })
    }
  }
}

function tellsLength({ status, headers }: CacheResponse): boolean {
  if (status === 206) return /\/\d+$/.test(first(headers, 'content-range') ?? '')
  return status === 200 && has(headers, 'content-length')
}
