/** Cache-Status, RFC 9211: what this cache did with a request, in the response to it. */
export type CacheStatus = (Hit | Forwarded) & { readonly detail?: string | undefined }

interface Hit {
  readonly hit: true
  /** How long it stays fresh, in milliseconds; negative when stale. `Infinity` is not written. */
  readonly ttlMs: number
}

interface Forwarded {
  readonly hit: false
  /** Why the handler had to run (section 2.2). */
  readonly forward: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'
  readonly stored?: boolean | undefined
  /** Whether another request's run answered this one, too (section 2.6). */
  readonly collapsed?: boolean | undefined
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
    member += '; hit'
    if (Number.isFinite(status.ttlMs)) member += `; ttl=${Math.floor(status.ttlMs / 1_000)}`
  } else {
    member += `; fwd=${status.forward}`
    if (status.stored) member += '; stored'
    if (status.collapsed) member += '; collapsed'
  }
  return status.detail === undefined ? member : `${member}; detail=${quote(status.detail)}`
}

/** A string of RFC 9651 section 3.3.3: printable ASCII, anything else becomes `?`. */
function quote(text: string): string {
  const printable = text.slice(0, MAX_DETAIL).replaceAll(/[^\x20-\x7e]/g, '?')
  return `"${printable.replaceAll(/["\\]/g, '\\$&')}"`
}
