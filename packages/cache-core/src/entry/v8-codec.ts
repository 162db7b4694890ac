import { types } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import type { Codec } from './codec.js'
import { findLost, isPlainObject, type WrittenOf } from './lost.js'

/** V8 writes the version of its format behind a first byte of 0xff. */
const FORMAT = serialize(null)[1]

/**
 * Structured clone, by V8: keeps Date, Map, Set, RegExp, Error, BigInt, typed arrays, `undefined`, NaN and circles, which
 * JSON does not; a class instance becomes a plain object. Functions are refused, and so is what would lose content without
 * a word: a Response, an instance with private fields only, fields on a Map, Set, Date or RegExp, and errors that are more
 * than name, message, stack and cause.
 *
 * The name carries the version of V8's format: `v8-15` in all versions of Node since 20. If a later Node writes another
 * one, its entries are misses to older processes, and theirs to it; nothing is half read.
 * V8's reader is not hardened against hostile bytes: where others can write to the store, use `secrets`.
 */
export const v8Codec: Codec = {
  name: `v8-${FORMAT}`,
  encode(value) {
    // First, since it throws at what has no clone, such as a Promise.
    const bytes = serialize(value)
    const lost = findLost(value, writtenByV8())
    if (lost !== undefined) throw new TypeError(`a structured clone would lose what is in ${lost}`)
    return bytes
  },
  decode(bytes) {
    // A copy of its own: typed arrays in it are views of what V8 was given.
    return deserialize(new Uint8Array(bytes))
  },
}

const NOTHING = {}

function writtenByV8(): WrittenOf {
  const seen = new Set<object>()
  return (object) => {
    if (seen.has(object)) return NOTHING
    seen.add(object)
    if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object) || types.isBoxedPrimitive(object)) return NOTHING
    if (types.isNativeError(object)) return writtenOfError(object)
    const hasFields = Object.keys(object).length > 0
    if (types.isMap(object)) return hasFields ? undefined : [...object.keys(), ...object.values()]
    if (types.isSet(object)) return hasFields ? undefined : [...object]
    if (types.isDate(object) || types.isRegExp(object)) return hasFields ? undefined : NOTHING
    return hasFields || Array.isArray(object) || isPlainObject(object) ? object : undefined
  }
}

const ERROR_NAMES = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError']
const ERROR_FIELDS = ['name', 'message', 'stack', 'cause']

/** V8 turns unknown names into `Error`, and leaves out other fields, such as `code`. */
function writtenOfError(error: Error): object | undefined {
  const isWhole = ERROR_NAMES.includes(error.name) && Object.keys(error).every((name) => ERROR_FIELDS.includes(name))
  return isWhole ? { cause: error.cause } : undefined
}
