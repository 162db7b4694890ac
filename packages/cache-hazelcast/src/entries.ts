import { STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import type { IMap } from 'hazelcast-client'
import { FRAME_HEAD_BYTES } from './frame-limit.js'

/** The map. Each entry is a stamp (`VersionStamps`) followed by the value's bytes. */
export type Entries = IMap<string, Buffer>

/**
 * The map truncates the end of a lifetime to a whole second of the member's clock, so an entry may live up to a second
 * less than requested (measured: 96 to 1003 ms for 1000). Therefore one second is added.
 */
export const TTL_RESOLUTION_MS = 1_000

/** Stored data that is not ours, unread: it counts as a miss and is replaced. */
interface Stored {
  getType(): number
  toBuffer(): Buffer
}

/** Type identifiers of serialized data in the client's protocol. */
const BYTE_ARRAY = -12
const STRING = -11
/** Precede the content: partition hash and type. */
const HASH_AND_TYPE_BYTES = 8
/** Precede an array's bytes. */
const LENGTH_BYTES = 4

/**
 * The map, but byte arrays are decoded and everything else is left as it is stored. The client's own decoding fails on
 * types it does not know, and fails the whole batch. It also reads a stored null as absent, though it blocks every
 * `add`, and decodes to bytes some data that would never compare equal to bytes we send.
 */
export function withRawValues(map: Entries): Entries {
  const plain = map as Entries & { toObject(data: unknown): unknown }
  return Object.create(map, {
    toObject: {
      value: (data: Stored | null): unknown => {
        if (data === null || typeof data !== 'object') return data
        const type = data.getType()
        const content = type === BYTE_ARRAY || type === STRING ? contentOf(data.toBuffer()) : undefined
        if (content === undefined) return data
        // The keys of a batch are decoded here as well.
        return type === STRING ? plain.toObject(data) : content
      },
    },
  }) as Entries
}

/** The content of an array or string; `undefined` if we would have serialized it differently. */
function contentOf(data: Buffer): Buffer | undefined {
  const at = HASH_AND_TYPE_BYTES + LENGTH_BYTES
  if (data.byteLength < at || data.readInt32BE(0) !== 0) return undefined
  return data.readInt32BE(HASH_AND_TYPE_BYTES) === data.byteLength - at ? data.subarray(at) : undefined
}

/** Replaces a value that is too large to be read (see `limitFrames`). Its type is one that nobody uses. */
const TOO_LARGE = 0x7fff_ffff
export const TOO_LARGE_DATA = Buffer.alloc(HASH_AND_TYPE_BYTES)
TOO_LARGE_DATA.writeInt32BE(TOO_LARGE, HASH_AND_TYPE_BYTES / 2)

export function isTooLarge(stored: unknown): boolean {
  return (
    typeof stored === 'object' && stored !== null && 'getType' in stored && (stored as Stored).getType() === TOO_LARGE
  )
}

/** The size of the frame that carries a value of `valueBytes`. */
export function frameBytesOf(valueBytes: number): number {
  return FRAME_HEAD_BYTES + HASH_AND_TYPE_BYTES + LENGTH_BYTES + STAMP_BYTES + valueBytes
}

/** A lifetime for Hazelcast, in milliseconds; 0 is for ever. (If it is omitted, the map's own applies.) */
export function engineTtl(ttlMs: number | undefined): number {
  return ttlMs === undefined ? 0 : ttlMs + TTL_RESOLUTION_MS
}
