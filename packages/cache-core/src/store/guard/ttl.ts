import { InvalidOptionError } from '../../base/errors.js'
import { show } from '../../base/show.js'

/** Longer lifetimes are cut to this, 100 years: engines overflow at different places beyond it. */
const MAX_TTL_MS = 3_155_760_000_000

/**
 * A lifetime as stores take it: whole milliseconds, or `undefined` for no end.
 * @throws InvalidOptionError when it is neither positive and finite nor absent.
 */
export function storeTtl(ttl: unknown): number | undefined {
  if (ttl === undefined) return undefined
  if (typeof ttl !== 'number' || !(ttl > 0) || ttl === Number.POSITIVE_INFINITY) {
    throw new InvalidOptionError('ttl', `expected a positive, finite number of milliseconds, got ${show(ttl)}`)
  }
  return Math.min(Math.ceil(ttl), MAX_TTL_MS)
}
