import { createHash } from 'node:crypto'
import { bufferOf, exceedsBytes } from '../../base/bytes.js'
import { InvalidKeyError } from '../../base/errors.js'
import type { StoreEntry } from '../store.js'

// A key that an engine does not take, for its length or its characters, is stored under its SHA-256. The key itself
// stands before the value, so that a read can tell whether the value is really this key's.

/** Begins the engine key of a hashed key. An ordinary key that begins so is hashed too, so no key can spell another's hash. */
const HASH_MARK = '#'

export interface EngineKey {
  /** What the store is asked for. */
  readonly text: string
  /** The caller's key in UTF-16, where `text` is a hash of it: it travels with the value and is compared on read. */
  readonly original: Buffer | undefined
}

/**
 * The key as an engine takes it: itself where it is short, well-formed Unicode, else its SHA-256.
 * Lone surrogates are hashed too: UTF-8 would make them all one key.
 * @throws InvalidKeyError when the key is not a string, empty, or longer than `maxBytes`.
 */
export function engineKey(key: unknown, engineMaxBytes: number, maxBytes: number): EngineKey {
  if (typeof key !== 'string' || key === '')
    throw new InvalidKeyError('a key must be a string of at least one character')
  if (exceedsBytes(key, maxBytes)) {
    throw new InvalidKeyError(`a key may have at most ${maxBytes} bytes, this one has ${Buffer.byteLength(key)}`)
  }
  const fits = !exceedsBytes(key, engineMaxBytes) && !isHash(key) && key.isWellFormed()
  if (fits) return { text: key, original: undefined }
  const original = Buffer.from(key, 'utf16le')
  return { text: HASH_MARK + createHash('sha256').update(original).digest('base64url'), original }
}

/** Whether this is the engine key of a hashed key. No other key stands in a store under a text that begins so. */
export function isHash(text: string): boolean {
  return text.startsWith(HASH_MARK)
}

const LENGTH_BYTES = 4

/** The value of a hashed key as it is stored: the length of the original key, the key, the bytes. */
export function sealOriginal(original: Buffer, bytes: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(LENGTH_BYTES + original.byteLength + bytes.byteLength)
  sealed.writeUInt32BE(original.byteLength)
  sealed.set(original, LENGTH_BYTES)
  sealed.set(bytes, LENGTH_BYTES + original.byteLength)
  return sealed
}

/** The bytes behind the original key, or `undefined` when another key's value stands there. */
export function openOriginal(original: Buffer, sealed: Uint8Array): Uint8Array | undefined {
  const view = bufferOf(sealed)
  const start = LENGTH_BYTES + original.byteLength
  if (view.byteLength < start || view.readUInt32BE() !== original.byteLength) return undefined
  return view.subarray(LENGTH_BYTES, start).equals(original) ? view.subarray(start) : undefined
}

/** What stands under a key; `undefined` also where it is another key's. */
export function openEntry({ original }: EngineKey, entry: StoreEntry | undefined): StoreEntry | undefined {
  if (original === undefined || entry === undefined) return entry
  const bytes = openOriginal(original, entry.bytes)
  return bytes === undefined ? undefined : { bytes, version: entry.version }
}
