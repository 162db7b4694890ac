import { bufferOf } from '../base/bytes.js'
import { decodeFrame, encodeFrame, type Mark, type MarkKind, VERSION_BYTES } from '../entry/frame.js'
import type { StoreEntry, Version } from '../store/store.js'

/** A mark as it stands in its slot: what frames carry of it, and what its slot tells beside. */
export interface MarkRecord extends Mark {
  /** Until when the slot lives, wall clock; `Infinity` without end. Nothing that carries the mark may live longer (G3). */
  readonly keepUntil: number
  /** What its owner keeps beside the version, in Latin-1: a URL its Vary list. */
  readonly data: string
  /** The store's, of the write that made it; `undefined` where that is not known, as after a `set`. */
  readonly storeVersion: Version | undefined
}

/** The mark in a slot; `undefined` where nothing, or nothing of ours, stands there. */
export function openMark(kind: MarkKind, entry: StoreEntry | undefined): MarkRecord | undefined {
  const frame = entry === undefined ? undefined : decodeFrame(entry.bytes)
  if (frame?.kind !== 'value' || frame.payload.byteLength < VERSION_BYTES) return undefined
  const text = bufferOf(frame.payload).toString('latin1')
  return {
    kind,
    name: '',
    version: text.slice(0, VERSION_BYTES),
    data: text.slice(VERSION_BYTES),
    keepUntil: frame.keepUntil,
    storeVersion: (entry as StoreEntry).version,
  }
}

export function encodeMark(
  { version, data, keepUntil }: Pick<MarkRecord, 'version' | 'data' | 'keepUntil'>,
  now: number,
): Uint8Array {
  return encodeFrame({
    kind: 'value',
    encoding: 'bytes',
    payload: Buffer.from(version + data, 'latin1'),
    createdAt: now,
    freshUntil: keepUntil,
    revalidateUntil: keepUntil,
    keepUntil,
    loadMs: 0,
    marks: [],
  })
}
