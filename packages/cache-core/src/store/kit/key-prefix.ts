import { InvalidOptionError } from '../../base/errors.js'
import { parseText } from '../../base/options.js'

/** What stands before every key when the caller names no prefix. */
const DEFAULT_PREFIX = 'tiercel'

/** Leaves room for a hashed key in the 246 to 250 bytes that Couchbase and memcached take. */
const MAX_PREFIX_BYTES = 100

/**
 * The text a store puts before each key: the prefix with its own separators escaped, then one separator.
 * The first bare `:` ends the prefix, so prefix `a` with key `b:c` and prefix `a:b` with key `c` differ.
 * @throws InvalidOptionError when the prefix is not a string of well-formed Unicode, or longer than 100 bytes with its
 *   `:` and `%` escaped, which makes each of them three.
 */
export function keyPrefix(prefix: unknown = DEFAULT_PREFIX): string {
  const text = parseText('prefix', prefix, { empty: true })
  const escaped = text.replaceAll('%', '%25').replaceAll(':', '%3A')
  if (!text.isWellFormed() || Buffer.byteLength(escaped) > MAX_PREFIX_BYTES) {
    throw new InvalidOptionError(
      'prefix',
      `expected well-formed Unicode of at most ${MAX_PREFIX_BYTES} bytes, ':' and '%' counted as three`,
    )
  }
  return `${escaped}:`
}
