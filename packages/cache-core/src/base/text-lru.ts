import { LRUCache } from 'lru-cache'

/** What an entry takes beside the characters of its key, a small object as its value among it. Bytes; 110 to 170 measured. */
const ENTRY_CHARACTERS = 170

/**
 * A map by text whose least recently used entries leave first: bounded in characters of its keys, each with what an entry
 * takes beside them.
 * @param charactersOf What of a value is more than a small object.
 */
export function textLru<Value extends number | object>(
  maxCharacters: number,
  charactersOf: (value: Value) => number = () => 0,
): LRUCache<string, Value> {
  return new LRUCache({
    maxSize: maxCharacters,
    sizeCalculation: (value, key) => key.length + ENTRY_CHARACTERS + charactersOf(value),
  })
}
