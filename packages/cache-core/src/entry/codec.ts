import { bufferOf } from '../base/bytes.js'
import { kindOfObject } from '../base/show.js'

/**
 * Turns values that are neither bytes nor strings into bytes and back. What `encode` returns and `decode` is given must
 * not be changed or kept afterwards: a view into it would share one caller's value with another.
 */
export interface Codec {
  /** Stands on every entry that it encodes; to a codec of another name such an entry is a miss. 1 to 64 bytes, one line. */
  readonly name: string
  /** @throws whatever says best that the value cannot be encoded. */
  encode(value: unknown): Uint8Array
  /** @throws anything: the entry is then dead, a miss. */
  decode(bytes: Uint8Array): unknown
}

/**
 * JSON: a `Date` becomes a string, a class instance a plain object, `NaN` and `Infinity` become `null`. What would become
 * `{}` without a word (a Map, Set, Error, ArrayBuffer, Response and the like) is refused, at any depth. Callers get the
 * same from a load as from a hit, since every value passes through the codec once.
 */
export const jsonCodec: Codec = {
  name: 'json',
  encode(value) {
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`)
    if (text.includes('{}')) {
      const lost = findLost(value, '')
      if (lost !== undefined) throw new TypeError(`JSON would lose what is in ${lost}`)
    }
    return Buffer.from(text)
  },
  decode(bytes) {
    return JSON.parse(bufferOf(bytes).toString())
  },
}

/** What kind of object, and where, has content that JSON does not see. */
function findLost(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
  const members = Object.entries(value)
  const kind = kindOfObject(value)
  if (members.length === 0 && kind !== 'Object' && kind !== 'Array') {
    return path === '' ? `a ${kind}` : `the ${kind} at ${path}`
  }
  for (const [name, member] of members) {
    const lost = findLost(member, path === '' ? name : `${path}.${name}`)
    if (lost !== undefined) return lost
  }
  return undefined
}
