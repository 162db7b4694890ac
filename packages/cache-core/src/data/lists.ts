import { InvalidKeyError, InvalidOptionError } from '../base/errors.js'
import { show } from '../base/show.js'
import type { Key } from '../protocol/key.js'

/** The keys that an operation on many is given. @throws InvalidKeyError for what is no array. */
export function keyList<K extends Key>(operation: string, keys: readonly K[]): readonly K[] {
  if (Array.isArray(keys)) return keys
  throw new InvalidKeyError(`${operation} needs an array of keys, got ${show(keys)}`)
}

/** The entries that `setMany` is given. @throws InvalidOptionError for what are no pairs of keys and values. */
export function entryList(entries: Iterable<readonly [Key, unknown]>): readonly (readonly [Key, unknown])[] {
  if (typeof entries !== 'object' || typeof entries?.[Symbol.iterator] !== 'function') {
    throw new InvalidOptionError('entries', `expected pairs like [['key', 1]], or a Map, got ${show(entries)}`)
  }
  const list = [...entries]
  for (const entry of list as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new InvalidOptionError('entries', `expected pairs like ['key', 1], got one that is ${show(entry)}`)
    }
  }
  return list
}
