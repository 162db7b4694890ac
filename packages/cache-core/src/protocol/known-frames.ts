import { RecentMap } from '../base/recent-map.js'
import { decodeFrame, type ValueFrame } from '../entry/frame.js'
import type { StoreEntry, Version } from '../store/store.js'

/** Memory for known frames, in characters of their slots, each frame counted as `FRAME_CHARACTERS` more. */
const MAX_CHARACTERS = 4_194_304
/** A frame without its payload: measured 430 bytes, and 200 more for the head of a response. */
const FRAME_CHARACTERS = 600

/** A frame without its payload, which must not outlive the entry. */
export interface KnownFrame extends Omit<ValueFrame, 'payload'> {
  readonly version: Version
  /** Where its payload begins in the bytes of the entry. */
  readonly payloadAt: number
  /** Whatever its reader has made of the payload, for the next hit. It must not hold the payload either. */
  made: unknown
}

/**
 * The frames of values in a store of this process, decoded at the first hit. A version is never used twice for a key (rule
 * V1), so the same version means the same bytes.
 */
export class KnownFrames {
  readonly #known = new RecentMap<string, KnownFrame>(MAX_CHARACTERS, (_, slot) => slot.length + FRAME_CHARACTERS)

  /** The frame in a slot; `undefined` where it is not that of a value. */
  of(slot: string, { bytes, version }: StoreEntry): KnownFrame | undefined {
    const known = this.#known.get(slot)
    if (known?.version === version) return known
    const frame = decodeFrame(bytes)
    if (frame?.kind !== 'value') return undefined
    const { payload, ...rest } = frame
    const opened = { version, payloadAt: bytes.byteLength - payload.byteLength, made: undefined, ...rest }
    this.#known.set(slot, opened)
    return opened
  }
}
