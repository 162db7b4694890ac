import { RecentMap } from '../base/recent-map.js'
import { decodeFrame, type ValueFrame } from '../entry/frame.js'
import type { StoreEntry, Version } from '../store/store.js'

/** Memory for frames that were opened: so many characters of slots, each with what is told of a frame beside it. */
const MAX_CHARACTERS = 4_194_304
/** What a frame costs beside its slot's name, without its payload: measured 430 bytes. */
const FRAME_CHARACTERS = 400

interface Known {
  readonly version: Version
  /** Without its payload, which is not to be kept when the entry is gone. */
  readonly frame: Omit<ValueFrame, 'payload'>
  readonly payloadAt: number
}

/**
 * The frames of values in a store of this process, as they were opened at the first hit: a version is never used twice for
 * a key (rule V1), so under the same one stand the same bytes.
 */
export class KnownFrames {
  readonly #known = new RecentMap<string, Known>(MAX_CHARACTERS, (_, slot) => slot.length + FRAME_CHARACTERS)

  /** The frame in a slot; `undefined` where it is none of a value. */
  open(slot: string, { bytes, version }: StoreEntry): ValueFrame | undefined {
    const known = this.#known.get(slot)
    if (known?.version === version) return withPayload(known.frame, bytes.subarray(known.payloadAt))
    const frame = decodeFrame(bytes)
    if (frame?.kind !== 'value') return undefined
    const payloadAt = bytes.byteLength - frame.payload.byteLength
    this.#known.set(slot, { version, frame: withPayload(frame, NO_PAYLOAD), payloadAt })
    return frame
  }
}

const NO_PAYLOAD = new Uint8Array()

/** Written out: a spread costs ten times as much. */
function withPayload(frame: Omit<ValueFrame, 'payload'>, payload: Uint8Array): ValueFrame {
  const { kind, encoding, shape, createdAt, freshUntil, revalidateUntil, keepUntil, loadMs, marks } = frame
  return { kind, encoding, shape, createdAt, freshUntil, revalidateUntil, keepUntil, loadMs, marks, payload }
}
