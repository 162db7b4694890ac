import { types } from 'node:util'
import { bufferOf } from '../base/bytes.js'
import { kindOf } from '../base/show.js'
import { findLost, isPlainObject, type WrittenOf } from './lost.js'

/**
 * Turns values that are neither bytes nor strings into bytes and back. What `encode` returns and `decode` is given must
 * not be changed or kept afterwards: a view into it would share one caller's value with another.
 */
export interface Codec {
  /** Stored with every entry; to a codec of another name the entry is a miss. 1 to 64 bytes, one line. */
  readonly name: string
  /** @throws whatever says best that the value cannot be encoded. */
  encode(value: unknown): Uint8Array
  /** @throws anything: the entry is then dead, a miss. */
  decode(bytes: Uint8Array): unknown
}

/**
 * JSON, as `JSON.stringify` writes it: a `Date` becomes a string, a class instance a plain object of its own fields, `NaN`
 * and what is `undefined` in an array `null`; fields that are `undefined` or functions are left out. Objects whose content
 * is not in their fields (a Map, Set, Error, typed array, Response and the like) are refused at any depth, whatever fields
 * they have beside it. Callers get the same from a load as from a hit, since every value passes through the codec once.
 */
export const jsonCodec: Codec = {
  name: 'json',
  encode(value) {
    // First, since it throws at circles, in which the search would never end.
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`JSON has no form for ${kindOf(value)}`)
    const lost = findLost(value, writtenAsJson)
    if (lost !== undefined) throw new TypeError(`JSON would lose what is in ${lost}`)
    return Buffer.from(text)
  },
  decode(bytes) {
    return JSON.parse(bufferOf(bytes).toString())
  },
}

const NOTHING = {}

const writtenAsJson: WrittenOf = (given, name) => {
  const object = ownForm(given, name)
  if (typeof object !== 'object' || object === null) return NOTHING
  if (Array.isArray(object)) return object
  if (isPlainObject(object)) return object
  if (types.isBoxedPrimitive(object)) return types.isSymbolObject(object) ? undefined : NOTHING
  return isContentHidden(object) || Object.keys(object).length === 0 ? undefined : object
}

/** What `JSON.stringify` writes in place of an object with a `toJSON`. That of a Date or Buffer is known to lose nothing. */
function ownForm(object: object, name: string): unknown {
  const { toJSON } = object as { toJSON?: unknown }
  if (typeof toJSON !== 'function') return object
  return types.isDate(object) || Buffer.isBuffer(object) ? undefined : toJSON.call(object, name)
}

/** Whether an object has content that none of its fields shows. */
function isContentHidden(object: object): boolean {
  return (
    types.isNativeError(object) ||
    types.isMap(object) ||
    types.isSet(object) ||
    types.isRegExp(object) ||
    types.isPromise(object) ||
    types.isAnyArrayBuffer(object) ||
    ArrayBuffer.isView(object)
  )
}
