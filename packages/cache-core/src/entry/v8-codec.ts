import { deserialize, serialize } from 'node:v8'
import { kindOfObject } from '../base/show.js'
import type { Codec } from './codec.js'

/** V8 writes the version of its format behind a first byte of 0xff. */
const FORMAT = serialize(null)[1]

/** Objects that a structured clone takes with all that is in them. */
const CLONED = new Set([
  'Object',
  'Array',
  'Date',
  'RegExp',
  'Map',
  'Set',
  'Error',
  'Boolean',
  'Number',
  'String',
  'BigInt',
])

/** An object without properties, as V8 writes it: the bytes may stand for something else too, and are then looked up in vain. */
const EMPTY_OBJECT = Buffer.from([0x6f, 0x7b, 0x00])

/**
 * Structured clone, by V8: keeps Date, Map, Set, RegExp, Error, BigInt, typed arrays, `undefined`, NaN and circles, which
 * JSON does not; a class instance becomes a plain object. Functions are refused, and so is what would become `{}` without
 * a word (a Response, an instance with private fields only).
 *
 * The name carries the version of V8's format, `v8-15`, which all Node versions since 20 write. Should a later one write
 * another, then processes on both kinds of Node do not read each other: their entries are misses, never half read.
 * V8 was not made to read what an enemy wrote: with a store that others write to, use `secrets`.
 */
export const v8Codec: Codec = {
  name: `v8-${FORMAT}`,
  encode(value) {
    const bytes = serialize(value)
    if (bytes.includes(EMPTY_OBJECT)) {
      const lost = findLost(value, '', new Set())
      if (lost !== undefined) throw new TypeError(`a structured clone would lose what is in ${lost}`)
    }
    return bytes
  },
  decode(bytes) {
    // A copy of its own: typed arrays in it are views of what V8 was given.
    return deserialize(new Uint8Array(bytes))
  },
}

/** What kind of object, and where, has content that V8 does not see. */
function findLost(value: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  if (ArrayBuffer.isView(value)) return undefined
  const members: [unknown, unknown][] = Object.entries(value)
  const kind = kindOfObject(value)
  if (members.length === 0 && !isKept(value, kind)) return path === '' ? `a ${kind}` : `the ${kind} at ${path}`
  if (value instanceof Map) members.push(...value, ...Array.from(value.keys(), (key): [unknown, unknown] => [key, key]))
  if (value instanceof Set) members.push(...Array.from(value, (each): [unknown, unknown] => [each, each]))
  for (const [name, member] of members) {
    const lost = findLost(member, path === '' ? String(name) : `${path}.${String(name)}`, seen)
    if (lost !== undefined) return lost
  }
  return undefined
}

function isKept(value: object, kind: string): boolean {
  if (kind !== 'Object') return CLONED.has(kind) || kind.endsWith('ArrayBuffer')
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
