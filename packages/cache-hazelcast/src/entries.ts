import { STAMP_BYTES } from '@tiercel/cache-core/store-kit'
import type { IMap } from 'hazelcast-client'
import { FRAME_HEAD_BYTES } from './frame-limit.js'

/** The map's entries: a stamp (`VersionStamps`) and the value's bytes. */
export type Entries = IMap<string, Buffer>

/**
 * The map cuts the end of a lifetime to a whole second of the member's clock, so an entry lives up to one second less
 * than was asked for (measured: 96 to 1003 ms for 1000). A second more is asked for, then.
 */
export const TTL_RESOLUTION_MS = 1_000

/** What the map holds beside bytes of ours, as it is stored: it reads as a miss, and is replaced. */
interface Stored {
  getType(): number
  toBuffer(): Buffer
}

/** Type identifiers of serialized data in the client's protocol. */
const BYTE_ARRAY = -12
const STRING = -11
/** In front of the content: the hash of the partition, the type. */
const HASH_AND_TYPE_BYTES = 8
/** Of the array. */
const LENGTH_BYTES = 4

/**
 * The map, with bytes read as bytes and everything else left as it is stored. The client's own reading fails on types that
 * it does not know, and a whole batch with it; takes a stored null for nothing, though it is in the way of every `add`;
 * and gives bytes for data that no bytes of ours are equal to.
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
        // Keys of a batch are read here as well.
        return type === STRING ? plain.toObject(data) : content
      },
    },
  }) as Entries
}

/** Of an array or a text; `undefined` where our own writing would have made other data of it. */
function contentOf(data: Buffer): Buffer | undefined {
  const at = HASH_AND_TYPE_BYTES + LENGTH_BYTES
  if (data.byteLength < at || data.readInt32BE(0) !== 0) return undefined
  return data.readInt32BE(HASH_AND_TYPE_BYTES) === data.byteLength - at ? data.subarray(at) : undefined
}

/** What stands in place of a value that is too large to be read: see `limitFrames`. A type that nobody has. */
const TOO_LARGE = 0x7fff_ffff
export const TOO_LARGE_DATA = Buffer.alloc(HASH_AND_TYPE_BYTES)
TOO_LARGE_DATA.writeInt32BE(TOO_LARGE, HASH_AND_TYPE_BYTES / 2)

export function isTooLarge(stored: unknown): boolean {
  return (
    typeof stored === 'object' && stored !== null && 'getType' in stored && (stored as Stored).getType() === TOO_LARGE
  )
}

/** The bytes of the protocol that a value of so many needs. */
export function frameBytesOf(valueBytes: number): number {
  return FRAME_HEAD_BYTES + HASH_AND_TYPE_BYTES + LENGTH_BYTES + STAMP_BYTES + valueBytes
}

/** In Hazelcast's terms: 0 is for ever. (A lifetime left out would be the map's own.) */
export function engineTtl(ttlMs: number | undefined): number {
  return ttlMs === undefined ? 0 : ttlMs + TTL_RESOLUTION_MS
}
