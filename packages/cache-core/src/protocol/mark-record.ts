import { bufferOf } from '../base/bytes.js'
import { decodeFrame, encodeFrame, type Mark, type MarkKind, VERSION_BYTES } from '../entry/frame.js'
import type { StoreEntry, Version } from '../store/store.js'

/** A mark as it stands in one slot: what frames carry of it, and what else its slot says. */
export interface MarkRecord extends Mark {
  /** When this version was made, wall clock; 0 where it was seeded, since what it replaced was lost at an unknown time. */
  readonly since: number
  /** Until when the slot lives, wall clock; `Infinity` without end. Nothing that carries the mark may live longer (G3). */
  readonly keepUntil: number
  /** What its owner keeps beside the version, in Latin-1, such as the Vary list of a URL. */
  readonly data: string
  /** The store's, of the write that made it; `undefined` where that is not known, as after a `set`. */
  readonly storeVersion: Version | undefined
}

/** A mark over all of its slots, of which it may have several on different servers (G6). */
export interface MarkState extends Mark {
  /** When its newest version was made, wall clock; 0 where that is not known. */
  readonly since: number
  /** The earliest end of the slots that could be read. */
  readonly keepUntil: number
  /** What stands in each slot; `undefined` where nothing does, or where it could not be read. */
  readonly parts: readonly (MarkRecord | undefined)[]
}

/** In a frame, stands for a slot that was empty or could not be read. Equals no version. */
const UNKNOWN = '\0'.repeat(VERSION_BYTES)

/** How many of a mark's slots must hold what a frame says of them: 1 of 1, 1 of 2, 2 of 3 (G6). */
export function slotsNeeded(slots: number): number {
  return Math.ceil(slots / 2)
}

/** How many of a mark's slots must take a renewal, so that too few still hold what older frames say (G6). */
export function slotsToRenew(slots: number): number {
  return slots - slotsNeeded(slots) + 1
}

/** Joins the slots of a mark; `undefined` where fewer than needed hold a version, so that every frame under it is void (G3). */
export function joinParts(
  kind: MarkKind,
  name: string,
  parts: readonly (MarkRecord | undefined)[],
): MarkState | undefined {
  const standing = parts.filter((part) => part !== undefined)
  const [first] = standing
  if (first === undefined || standing.length < slotsNeeded(parts.length)) return undefined
  const alike = standing.length === parts.length && standing.every(({ version }) => version === first.version)
  return {
    kind,
    name,
    version: alike ? first.version : parts.map((part) => part?.version ?? UNKNOWN).join(''),
    since: Math.max(...standing.map(({ since }) => since)),
    keepUntil: Math.min(...standing.map(({ keepUntil }) => keepUntil)),
    parts,
  }
}

/** Whether what a frame says of a mark still holds: as many of its slots as needed hold what they held then. */
export function sameVersion(then: string, now: string): boolean {
  if (then.length === VERSION_BYTES && now.length === VERSION_BYTES) return then === now
  const slots = Math.max(then.length, now.length) / VERSION_BYTES
  let equal = 0
  for (let index = 0; index < slots; index++) {
    const version = versionAt(then, index)
    if (version !== UNKNOWN && version === versionAt(now, index)) equal++
  }
  return equal >= slotsNeeded(slots)
}

/** The version in one of several slots. Where all hold the same, it is written once. */
function versionAt(versions: string, slot: number): string {
  const at = versions.length === VERSION_BYTES ? 0 : slot * VERSION_BYTES
  return versions.slice(at, at + VERSION_BYTES)
}

/** Longest `data` of a mark: a list of field names, and a count. */
const MAX_MARK_DATA_BYTES = 4_160

/** The mark in a slot; `undefined` where nothing, or nothing of ours, stands there. */
export function openMark(kind: MarkKind, entry: StoreEntry | undefined, name = ''): MarkRecord | undefined {
  const frame = entry === undefined ? undefined : decodeFrame(entry.bytes)
  if (frame?.kind !== 'value') return undefined
  const dataBytes = frame.payload.byteLength - VERSION_BYTES
  if (dataBytes < 0 || dataBytes > MAX_MARK_DATA_BYTES) return undefined
  const text = bufferOf(frame.payload).toString('latin1')
  return {
    kind,
    name,
    version: text.slice(0, VERSION_BYTES),
    data: text.slice(VERSION_BYTES),
    since: frame.createdAt,
    keepUntil: frame.keepUntil,
    storeVersion: (entry as StoreEntry).version,
  }
}

export function encodeMark({
  version,
  data,
  since,
  keepUntil,
}: Pick<MarkRecord, 'version' | 'data' | 'since' | 'keepUntil'>): Uint8Array {
  return encodeFrame({
    kind: 'value',
    encoding: 'bytes',
    payload: Buffer.from(version + data, 'latin1'),
    createdAt: since,
    freshUntil: keepUntil,
    revalidateUntil: keepUntil,
    keepUntil,
    loadMs: 0,
    marks: [],
  })
}
