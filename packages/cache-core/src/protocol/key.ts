import { exceedsBytes } from '../base/bytes.js'
import { InvalidKeyError } from '../base/errors.js'
import { escapePart, SEPARATOR } from '../base/escape.js'
import { show } from '../base/show.js'
import { MAX_KEY_BYTES } from '../store/capabilities.js'

/** A string, or parts that are joined unambiguously: `['user', 7]`. A number and its text are the same part. */
export type Key = string | readonly (string | number)[]

/**
 * The key as one text, parts escaped and joined: two different keys never meet.
 * @throws InvalidKeyError when the key is empty, longer than 64 KiB, or holds something else than strings and finite numbers.
 */
export function keyText(key: Key): string {
  if (typeof key === 'string') return escapePart(checkLength(key))
  if (!Array.isArray(key)) {
    throw new InvalidKeyError(`a key must be a string or an array of strings and numbers, got ${show(key)}`)
  }
  if (key.length === 0) throw new InvalidKeyError('a key must have at least one part')
  for (const part of key as readonly unknown[]) {
    if (typeof part !== 'string' && !Number.isFinite(part)) {
      throw new InvalidKeyError(`a part of a key must be a string or a finite number, got ${show(part)}`)
    }
  }
  checkLength(keyName(key))
  return key.map((part) => escapePart(String(part))).join(SEPARATOR)
}

/** A key as diagnostics show it: the caller's own, parts joined, nothing escaped. */
export function keyName(key: Key): string {
  return typeof key === 'string' ? key : key.join(SEPARATOR)
}

function checkLength(text: string): string {
  if (text === '') throw new InvalidKeyError('a key must have at least one character')
  if (exceedsBytes(text, MAX_KEY_BYTES)) {
    throw new InvalidKeyError(`a key may have at most ${MAX_KEY_BYTES} bytes, this one has ${Buffer.byteLength(text)}`)
  }
  return text
}
