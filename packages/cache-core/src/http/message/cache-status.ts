/** Cache-Status, RFC 9211: what this cache did with a request, in the response to it. */
export type CacheStatus = Hit | Forwarded

interface Told {
  readonly detail?: string | undefined
}

interface Hit extends Told {
  readonly hit: true
  /** How long it stays fresh, in milliseconds; negative when stale. `Infinity` is not written. */
  readonly ttlMs: number
}

export interface Forwarded extends Told {
  readonly hit: false
  /** Why the handler had to run (section 2.2). */
  readonly forward: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'
  /** What the handler answered, where the client gets something else: a stale response in place of its failure. */
  readonly forwardStatus?: number | undefined
  readonly stored?: boolean | undefined
  /** Whether the run of another request answered this one as well (section 2.6). */
  readonly collapsed?: boolean | undefined
}

/**
 * How much clients are told. `'minimal'`: whether it was a hit, and nothing that shows one client what others did (how long
 * ago, at the same time, whether the URL was ever asked for). `false`: no field.
 */
export type CacheStatusDetail = 'full' | 'minimal' | false

/** The field's line of name and value, or none. */
export function cacheStatusLine(status: CacheStatus, detail: CacheStatusDetail): readonly string[] {
  if (detail === false) return NO_LINE
  return ['Cache-Status', formatCacheStatus(detail === 'full' ? status : minimal(status))]
}

const NO_LINE: readonly string[] = []

function minimal(status: CacheStatus): CacheStatus {
  if (status.hit) return { hit: true, ttlMs: Number.POSITIVE_INFINITY }
  const { forward } = status
  return { hit: false, forward: forward === 'uri-miss' || forward === 'vary-miss' ? 'miss' : forward }
}

/** The name of this cache in the list. */
const CACHE = 'tiercel'

/** A detail is a sentence, not a place to store things. Characters. */
const MAX_DETAIL = 256

/**
 * The list member of this cache. It is added as a line of its own behind those that the response has: the list goes
 * from the cache nearest the origin to the one nearest the client (section 2).
 */
export function formatCacheStatus(status: CacheStatus): string {
  let member = CACHE
  if (status.hit) {
    member = Number.isFinite(status.ttlMs) ? hitText(status.ttlMs) : `${CACHE}; hit`
  } else {
    member += `; fwd=${status.forward}`
    if (status.forwardStatus !== undefined) member += `; fwd-status=${status.forwardStatus}`
    if (status.stored) member += '; stored'
    if (status.collapsed) member += '; collapsed'
  }
  return status.detail === undefined ? member : `${member}; detail=${quote(status.detail)}`
}

interface HitText {
  readonly seconds: number
  readonly text: string
}

/** All hits within a second say the same, so the text is made once; Node also checks the same string faster. */
const hitTexts: (HitText | undefined)[] = []
const MAX_HIT_TEXTS = 256

function hitText(ttlMs: number): string {
  const seconds = Math.floor(ttlMs / 1_000)
  const place = Math.abs(seconds % MAX_HIT_TEXTS)
  const known = hitTexts[place]
  if (known?.seconds === seconds) return known.text
  const text = `${CACHE}; hit; ttl=${seconds}`
  hitTexts[place] = { seconds, text }
  return text
}

/** A string of RFC 9651 section 3.3.3: printable ASCII, anything else becomes `?`. */
function quote(text: string): string {
  const printable = text.slice(0, MAX_DETAIL).replaceAll(/[^\x20-\x7e]/g, '?')
  return `"${printable.replaceAll(/["\\]/g, '\\$&')}"`
}
