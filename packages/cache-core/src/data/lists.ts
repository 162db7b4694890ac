import { InvalidKeyError, InvalidOptionError } from '../base/errors.js'
import { show } from '../base/show.js'
import type { Key } from '../protocol/key.js'

/** The keys that an operation on many is given. @throws InvalidKeyError for what is no array. */
export function keyList<K extends Key>(operation: string, keys: readonly K[]): readonly K[] {
  if (Array.isArray(keys)) return keys
  throw new InvalidKeyError(`${operation} needs an array of keys, got ${show(keys)}`)
}

/** The keys that an operation takes from whatever iterates over some. A string would be its letters. @throws InvalidKeyError */
export function keysFrom<K extends Key>(operation: string, keys: Iterable<K>): readonly K[] {
  if (isIterable(keys)) return [...keys]
  throw new InvalidKeyError(`${operation} needs keys to go through, such as an array, got ${show(keys)}`)
}

/** The entries that `setMany` is given. @throws InvalidOptionError for what are no pairs of keys and values. */
export function entryList(entries: Iterable<readonly [Key, unknown]>): readonly (readonly [Key, unknown])[] {
  if (!isIterable(entries)) {
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

function isIterable(value: unknown): boolean {
  return (
    typeof value === 'object' && typeof (value as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === 'function'
  )
}
