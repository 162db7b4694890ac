import { type FrameParts, headerOf, isTransformed, partsOf, replacePayload } from '../frame.js'
import { COMPRESSION_ALGORITHMS, type CompressionAlgorithm, compress, decompress } from './compression.js'
import { Sealing } from './sealing.js'

/*
 * The transforms byte of a frame: two bits for the compression, one for the seal. A payload is compressed first, since
 * what is sealed does not compress.
 */
const COMPRESSION_BITS = 0b0000_0011
const SEALED_BIT = 0b0001_0000

export interface Compression {
  readonly algorithm: CompressionAlgorithm
  /** Smaller payloads stay as they are. In bytes. */
  readonly minBytes: number
}

export interface TransformTerms {
  readonly compression: Compression | undefined
  /** The first one seals, all of them open; none: nothing is sealed. */
  readonly secrets: readonly string[]
}

/**
 * Compresses and seals the payloads of values on their way to the store, and undoes it on the way back. A read goes by
 * what the frame says was done to it, not by today's options. Leases and marks pass unchanged: they hold nothing secret,
 * and processes with other secrets must respect them as well (docs/decisions/0013-transforms.md).
 */
export class Transforms {
  readonly #compression: Compression | undefined
  readonly #sealing: Sealing | undefined

  constructor({ compression, secrets }: TransformTerms) {
    this.#compression = compression
    this.#sealing = secrets.length === 0 ? undefined : new Sealing(secrets)
  }

  /** @param frame As `encodeFrame` made it. A promise where threads have work to do. */
  apply(slot: string, frame: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (this.#compression === undefined && this.#sealing === undefined) return frame
    const parts = partsOf(frame)
    if (parts === undefined) return frame
    const compressed = this.#compress(parts)
    return compressed instanceof Promise
      ? compressed.then((payload) => this.#wrap(slot, parts, payload))
      : this.#wrap(slot, parts, compressed)
  }

  /** Whether `undo` would do anything with these bytes. */
  concerns(stored: Uint8Array): boolean {
    return this.#sealing !== undefined || isTransformed(stored)
  }

  /**
   * The frame as it was before `apply`; `undefined` where it was sealed with an unknown secret or for another slot, was
   * tampered with, or is larger than `maxBytes`. With secrets also where it is not sealed: anybody may have written it.
   */
  undo(slot: string, stored: Uint8Array, maxBytes: number): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const parts = partsOf(stored)
    if (parts === undefined) return isTransformed(stored) ? undefined : stored
    const { bytes, transforms, payloadAt } = parts
    const compression = transforms & COMPRESSION_BITS
    if ((transforms & ~(COMPRESSION_BITS | SEALED_BIT)) !== 0) return undefined
    const sealed = (transforms & SEALED_BIT) !== 0
    if (!sealed && this.#sealing !== undefined) return undefined
    const stripped = bytes.subarray(payloadAt)
    const opened = sealed ? this.#sealing?.open(stripped, boundTo(slot, parts, transforms)) : stripped
    if (opened === undefined) return undefined
    const algorithm = COMPRESSION_ALGORITHMS[compression]
    const payload = algorithm === undefined ? opened : decompress(algorithm, opened, maxBytes)
    return payload instanceof Promise
      ? payload.then((inflated) => inflated && replacePayload(parts, 0, inflated))
      : payload && replacePayload(parts, 0, payload)
  }

  /** `undefined` where it stays as it is. */
  #compress({ bytes, payloadAt }: FrameParts): Buffer | undefined | Promise<Buffer | undefined> {
    const payload = bytes.subarray(payloadAt)
    if (this.#compression === undefined || payload.byteLength < this.#compression.minBytes) return undefined
    return compress(this.#compression.algorithm, payload)
  }

  #wrap(slot: string, parts: FrameParts, compressed: Buffer | undefined): Uint8Array {
    const compression = compressed === undefined ? 0 : COMPRESSION_ALGORITHMS.indexOf(this.#compression?.algorithm)
    const payload = compressed ?? parts.bytes.subarray(parts.payloadAt)
    if (this.#sealing === undefined)
      return compressed === undefined ? parts.bytes : replacePayload(parts, compression, payload)
    const transforms = compression | SEALED_BIT
    return replacePayload(parts, transforms, this.#sealing.seal(payload, boundTo(slot, parts, transforms)))
  }
}

/** A seal is valid in one slot (so for one namespace and key) and under one header: times, marks, shape, transforms. */
function boundTo(slot: string, parts: FrameParts, transforms: number): Buffer {
  return Buffer.concat([headerOf(parts, transforms), Buffer.from(slot)])
}
