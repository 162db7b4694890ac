import { bufferOf } from '../base/bytes.js'
import { InvalidValueError, messageOf } from '../base/errors.js'
import type { Encoded } from './frame.js'

/**
 * Turns values that are neither bytes nor strings into bytes and back. What `encode` returns and `decode` is given must
 * not be changed or kept afterwards: a view into it would share one caller's value with another.
 */
export interface Codec {
  /** Stands on every entry that it encodes; to a codec of another name such an entry is a miss. 1 to 64 bytes. */
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
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (members.length === 0 && kind !== 'Object' && kind !== 'Array') {
    return path === '' ? `a ${kind}` : `the ${kind} at ${path}`
  }
  for (const [name, member] of members) {
    const lost = findLost(member, path === '' ? name : `${path}.${name}`)
    if (lost !== undefined) return lost
  }
  return undefined
}

/** What stands for a value where there is none. */
export const NOTHING: Encoded = { encoding: 'nothing', payload: Buffer.alloc(0) }

/**
 * Bytes and strings travel as themselves, everything else through the codec.
 * @throws InvalidValueError when the value is `undefined` or the codec refuses it.
 */
export function encodeValue(codec: Codec, value: unknown): Encoded {
  // The caller may fill its buffer again before the store has these bytes.
  if (value instanceof Uint8Array) return { encoding: 'bytes', payload: Buffer.from(value) }
  // A lone surrogate has no UTF-8 form; JSON escapes it.
  if (typeof value === 'string' && value.isWellFormed()) return { encoding: 'string', payload: Buffer.from(value) }
  if (value === undefined) throw new InvalidValueError('undefined cannot be stored; null can')
  try {
    const payload: unknown = codec.encode(value)
    if (!(payload instanceof Uint8Array)) throw new TypeError('the codec returned no bytes')
    return { encoding: 'codec', codec: codec.name, payload }
  } catch (cause) {
    throw new InvalidValueError(`the value cannot be stored: ${messageOf(cause)}`, cause)
  }
}

/**
 * The value, the caller's own: nobody else holds it, bytes are copied out of the frame.
 * @throws whatever the codec throws on bytes that it did not write.
 */
export function decodeValue(codec: Codec, { encoding, codec: writtenBy, payload }: Encoded): unknown {
  if (encoding === 'bytes') return Buffer.from(payload)
  if (encoding === 'string') return bufferOf(payload).toString()
  if (encoding === 'nothing') return undefined
  if (writtenBy !== codec.name) throw new TypeError(`encoded by the codec ${writtenBy}, not ${codec.name}`)
  return codec.decode(payload)
}
