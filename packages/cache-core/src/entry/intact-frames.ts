import { crc32 } from 'node:zlib'
import { RecentMap } from '../base/recent-map.js'

/** Memory for what was found intact: so many characters of slots, each with what is remembered beside it. */
const MAX_CHARACTERS = 4_194_304
/** What a slot costs beside its name: measured 120 bytes. */
const KNOWN_CHARACTERS = 120

/** What is checked of a frame that is known: all that stands before most payloads, and the end, which a torn one lacks. */
const HEAD_BYTES = 2_048
const TAIL_BYTES = 512

interface Known {
  readonly byteLength: number
  /** Of its head and its tail. It covers the checksum of the whole, so that it is another one when the frame is. */
  readonly checksum: number
}

/**
 * The large frames that this process has found intact, by their slots. Their checksum is 12 µs of 60 KB, as much as all
 * else that a hit on Redis costs: of one that was read whole before, the head with the checksum, the length and the end
 * are compared.
 */
export class IntactFrames {
  readonly #known = new RecentMap<string, Known>(MAX_CHARACTERS, (_, slot) => slot.length + KNOWN_CHARACTERS)

  /** Whether the frame is the one that was found intact in this slot. */
  has(slot: string, bytes: Buffer): boolean {
    const known = this.#known.get(slot)
    return known !== undefined && known.byteLength === bytes.byteLength && known.checksum === checksumOfEnds(bytes)
  }

  add(slot: string, bytes: Buffer): void {
    this.#known.set(slot, { byteLength: bytes.byteLength, checksum: checksumOfEnds(bytes) })
  }
}

function checksumOfEnds(bytes: Buffer): number {
  return crc32(bytes.subarray(-TAIL_BYTES), crc32(bytes.subarray(0, HEAD_BYTES)))
}
