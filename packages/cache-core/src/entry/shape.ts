import { types } from 'node:util'
import { bufferOf } from '../base/bytes.js'
import { InvalidValueError, messageOf } from '../base/errors.js'
import type { Codec } from './codec.js'
import type { Encoded } from './frame.js'
import type { Validate } from './validate.js'

/** How values become bytes, and which stored bytes are accepted as values. */
export interface Shape {
  readonly codec: Codec
  /** An entry is a miss to a reader with another version, or with none. */
  readonly schemaVersion: string | undefined
  /** Absent: whatever was stored is accepted. */
  readonly validate: Validate | undefined
}

/** Stored where a load found that there is no value. */
export const NOTHING: Encoded = { encoding: 'nothing', payload: Buffer.alloc(0) }

/**
 * Bytes and strings travel as themselves, everything else through the codec.
 * @throws InvalidValueError when the value is `undefined`, the codec refuses it, or a reader would find that it is not
 *   valid. A value that could never be a hit is not stored.
 */
export function encodeValue(shape: Shape, value: unknown): Encoded {
  const encoded = encode(shape, value)
  if (shape.validate === undefined) return encoded
  try {
    decodeValue(shape, encoded)
    return encoded
  } catch (cause) {
    throw new InvalidValueError(`the value is not stored: ${messageOf(cause)}`, cause)
  }
}

function encode({ codec, schemaVersion }: Shape, value: unknown): Encoded {
  const shape = shapeOf('', schemaVersion)
  // Of another realm too, such as Jest's. A copy: the caller may fill its buffer again before the store has these bytes.
  if (types.isUint8Array(value)) return { encoding: 'bytes', shape, payload: Buffer.from(value) }
  // A lone surrogate has no UTF-8 form; JSON escapes it.
  if (typeof value === 'string' && value.isWellFormed()) {
    return { encoding: 'string', shape, payload: Buffer.from(value) }
  }
  if (value === undefined) throw new InvalidValueError('undefined cannot be stored; null can')
  try {
    const payload: unknown = codec.encode(value)
    if (!types.isUint8Array(payload)) throw new TypeError('the codec returned no bytes')
    return { encoding: 'codec', shape: shapeOf(codec.name, schemaVersion), payload }
  } catch (cause) {
    throw new InvalidValueError(`the value cannot be stored: ${messageOf(cause)}`, cause)
  }
}

/**
 * The value, the caller's own: nobody else holds it, bytes are copied out of the frame.
 * @param owned Whether nobody else holds the frame either: then bytes may be a view of it.
 * @throws where it was written in another shape, is not valid, or the codec throws.
 */
export function decodeValue(shape: Shape, encoded: Encoded, owned = false): unknown {
  const { encoding, payload } = encoded
  if (encoding === 'nothing') return undefined
  if (!isOfShape(shape, encoded)) throw new TypeError('written in another shape')
  let value: unknown
  if (encoding === 'bytes') value = owned && isMostOfItsBuffer(payload) ? bufferOf(payload) : Buffer.from(payload)
  else if (encoding === 'string') value = bufferOf(payload).toString()
  else value = shape.codec.decode(payload)
  return shape.validate === undefined ? value : shape.validate(value)
}

/** Otherwise a small view would keep a large buffer alive. */
function isMostOfItsBuffer({ byteLength, buffer }: Uint8Array): boolean {
  return 2 * byteLength >= buffer.byteLength
}

/** Whether it was written with this codec and `schemaVersion`. */
export function isOfShape({ codec, schemaVersion }: Shape, { encoding, shape }: Encoded): boolean {
  return encoding === 'nothing' || shape === shapeOf(encoding === 'codec' ? codec.name : '', schemaVersion)
}

/** As it stands in a frame. Names of codecs have no line breaks, so that no two of them spell the same. */
function shapeOf(codecName: string, schemaVersion: string | undefined): string | undefined {
  if (schemaVersion !== undefined) return `${codecName}\n${schemaVersion}`
  return codecName === '' ? undefined : codecName
}
