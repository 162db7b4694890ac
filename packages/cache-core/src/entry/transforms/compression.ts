import * as zlib from 'node:zlib'
import { bufferOf } from '../../base/bytes.js'

export type CompressionAlgorithm = 'gzip' | 'brotli' | 'zstd'

/** What a payload was compressed with, as a frame names it: two bits. */
export const COMPRESSION_ALGORITHMS: readonly (CompressionAlgorithm | undefined)[] = [
  undefined,
  'gzip',
  'brotli',
  'zstd',
]

/**
 * Larger payloads go to a thread of libuv, in both directions. Measured on JSON with Node 20: a thread costs about 80 µs,
 * gzip blocks the event loop for 0.25 ms at 32 KiB and for 0.8 ms at 64 KiB.
 */
const MAX_SYNC_BYTES = 32_768

/** The original length, in front of the compressed bytes: a reader knows before it starts how much memory it needs. */
const LENGTH_BYTES = 4

interface Codec {
  compressSync(bytes: Uint8Array): Buffer
  compress(bytes: Uint8Array, done: Done): void
  decompressSync(bytes: Uint8Array, options: Limits): Buffer
  decompress(bytes: Uint8Array, options: Limits, done: Done): void
}

type Done = (error: Error | null, bytes: Buffer) => void
type Limits = { readonly maxOutputLength: number }

/** Since Node 22.15; the types that we build against are older. */
type Zstd = {
  readonly [Name in 'zstdCompressSync' | 'zstdCompress' | 'zstdDecompressSync' | 'zstdDecompress']?: never
}

/** Quality 11, which is Node's default, takes over 100 times as long for a sixth less (measured on JSON). */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }

const CODECS: Readonly<Record<CompressionAlgorithm, Codec | undefined>> = {
  gzip: {
    compressSync: (bytes) => zlib.gzipSync(bytes),
    compress: (bytes, done) => zlib.gzip(bytes, done),
    decompressSync: zlib.gunzipSync,
    decompress: zlib.gunzip,
  },
  brotli: {
    compressSync: (bytes) => zlib.brotliCompressSync(bytes, BROTLI),
    compress: (bytes, done) => zlib.brotliCompress(bytes, BROTLI, done),
    decompressSync: zlib.brotliDecompressSync,
    decompress: zlib.brotliDecompress,
  },
  zstd: zstdOf(zlib as Zstd),
}

function zstdOf({ zstdCompressSync, zstdCompress, zstdDecompressSync, zstdDecompress }: Zstd): Codec | undefined {
  if (zstdCompressSync === undefined || zstdCompress === undefined) return undefined
  if (zstdDecompressSync === undefined || zstdDecompress === undefined) return undefined
  return {
    compressSync: zstdCompressSync,
    compress: zstdCompress,
    decompressSync: zstdDecompressSync,
    decompress: zstdDecompress,
  }
}

/** Whether this Node can do it. */
export function isAvailable(algorithm: CompressionAlgorithm): boolean {
  return CODECS[algorithm] !== undefined
}

/** The payload compressed, or `undefined` where that does not make it smaller. */
export function compress(
  algorithm: CompressionAlgorithm,
  payload: Uint8Array,
): Buffer | undefined | Promise<Buffer | undefined> {
  const codec = CODECS[algorithm] as Codec
  const packed = (bytes: Buffer): Buffer | undefined => {
    if (LENGTH_BYTES + bytes.byteLength >= payload.byteLength) return undefined
    const length = Buffer.allocUnsafe(LENGTH_BYTES)
    length.writeUInt32BE(payload.byteLength)
    return Buffer.concat([length, bytes])
  }
  if (payload.byteLength <= MAX_SYNC_BYTES) return packed(codec.compressSync(payload))
  return new Promise<Buffer>((resolve, reject) => {
    codec.compress(payload, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  }).then(packed)
}

/**
 * The original payload; `undefined` where it was not compressed so, this Node lacks the algorithm, or it would become
 * larger than `maxBytes` or than it says itself. Never allocates more than that.
 */
export function decompress(
  algorithm: CompressionAlgorithm,
  payload: Uint8Array,
  maxBytes: number,
): Buffer | undefined | Promise<Buffer | undefined> {
  const codec = CODECS[algorithm]
  if (codec === undefined || payload.byteLength <= LENGTH_BYTES) return undefined
  const bytes = bufferOf(payload)
  const length = bytes.readUInt32BE(0)
  if (length > maxBytes || length === 0) return undefined
  const limits = { maxOutputLength: length }
  const packed = bytes.subarray(LENGTH_BYTES)
  const whole = (unpacked: Buffer): Buffer | undefined => (unpacked.byteLength === length ? unpacked : undefined)
  if (length > MAX_SYNC_BYTES) {
    return new Promise<Buffer | undefined>((resolve) => {
      codec.decompress(packed, limits, (error, unpacked) => resolve(error === null ? whole(unpacked) : undefined))
    })
  }
  try {
    return whole(codec.decompressSync(packed, limits))
  } catch {
    return undefined
  }
}
