import { InvalidOptionError } from '../../base/errors.js'
import { escapePart, SEPARATOR } from '../../base/escape.js'
import { text } from '../../base/option-kinds.js'

/** What stands before every key when the caller names no prefix. */
const DEFAULT_PREFIX = 'tiercel'

/** Leaves room for a hashed key in the 246 to 250 bytes that Couchbase and memcached take. */
const MAX_PREFIX_BYTES = 100

/** The option `prefix`, read as the text that a store puts before each key. */
export const prefixOption = text({ empty: true }).to(escapePrefix).or(DEFAULT_PREFIX)

/**
 * The text a store puts before each key: the prefix with its own separators escaped, then one separator.
 * The first bare `:` ends the prefix, so prefix `a` with key `b:c` and prefix `a:b` with key `c` differ.
 * @throws InvalidOptionError when the prefix is not a string of well-formed Unicode, or longer than 100 bytes with its
 *   `:` and `%` escaped, which makes each of them three.
 */
export function keyPrefix(prefix: unknown = DEFAULT_PREFIX): string {
  return prefixOption.parse(prefix, 'prefix')
}

function escapePrefix(prefix: string, option: string): string {
  const escaped = escapePart(prefix)
  if (!prefix.isWellFormed() || Buffer.byteLength(escaped) > MAX_PREFIX_BYTES) {
    throw new InvalidOptionError(
      option,
      `expected well-formed Unicode of at most ${MAX_PREFIX_BYTES} bytes, ':' and '%' counted as three`,
    )
  }
  return escaped + SEPARATOR
}
