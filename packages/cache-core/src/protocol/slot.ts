import { randomFillSync } from 'node:crypto'
import { escapePart } from '../base/escape.js'
import { decodeFrame, encodeFrame, type Frame, TOKEN_BYTES, VERSION_BYTES } from '../entry/frame.js'
import { MAX_KEY_BYTES } from '../store/capabilities.js'
import type { StoreEntry, Version } from '../store/store.js'

/**
 * What a slot is for. Each has a letter of its own in the store's key, before all that a caller can name, so no key
 * spells a slot of another type.
 */
export type SlotType =
  /** An entry of the data cache. */
  | 'value'
  /** The mark of a refresh, beside the slot of the stale entry. */
  | 'refresh'
  /** A counter of the data cache. */
  | 'counter'
  /** The version of a namespace of the data cache. */
  | 'namespace'
  /** The version that every response of the HTTP cache carries. */
  | 'http'
  /** The version of a tag: what carries another one is void. */
  | 'tag'
  /** As `tag`: what carries another one is stale. */
  | 'soft'
  /** The version that is renewed before any tag of the namespace. */
  | 'epoch'
  /** A URL's version and the request fields that select among its variants. */
  | 'url'
  /** A response. */
  | 'variant'

const TYPE_LETTERS: Readonly<Record<SlotType, string>> = {
  value: 'v',
  refresh: 'm',
  counter: 'c',
  namespace: 'n',
  http: 'w',
  tag: 't',
  soft: 's',
  epoch: 'e',
  url: 'u',
  variant: 'r',
}

/** Changes when frames or slots change their meaning, so that old and new software do not read each other. */
const SLOT_GENERATION = '2'

/** The store's key of a slot: generation, type, namespace, key. Readable, and unambiguous since parts are escaped. */
export function slotKey(type: SlotType, namespace: string, key = ''): string {
  return `${SLOT_GENERATION}:${TYPE_LETTERS[type]}:${escapePart(namespace)}:${key}`
}

/** Whether slots of this type hold what callers have given, entries and responses, besides leases on them. */
export function holdsValues(slot: string): boolean {
  const letter = slot[SLOT_GENERATION.length + 1]
  return letter === TYPE_LETTERS.value || letter === TYPE_LETTERS.variant
}

/** The slot beside this one that says who refreshes it. */
export function refreshSlot(slot: string): string {
  return `${SLOT_GENERATION}:${TYPE_LETTERS.refresh}:${slot.slice(SLOT_GENERATION.length + 1)}`
}

/**
 * What a change of the slot means to near caches: an `'entry'` leaves them, a `'mark'` voids what carries it, and
 * `'beside'` does not concern them.
 */
export function roleOf(slot: string): 'entry' | 'mark' | 'beside' {
  if (holdsValues(slot)) return 'entry'
  const letter = slot[SLOT_GENERATION.length + 1]
  return letter === TYPE_LETTERS.refresh || letter === TYPE_LETTERS.counter ? 'beside' : 'mark'
}

/** The channel of the bus. Changes with the slots: old and new software have nothing to tell each other. */
export const BUS_CHANNEL = `${SLOT_GENERATION}:bus`

/** Longest name of a slot: escapes can triple a key, and the namespace comes on top. Bytes. */
export const MAX_SLOT_KEY_BYTES = 4 * MAX_KEY_BYTES

/** A slot as one read found it. `frame` is undefined where the bytes are not a frame of ours. */
export interface SlotRead {
  readonly version: Version
  readonly frame: Frame | undefined
}

export function openSlot(entry: StoreEntry | undefined): SlotRead | undefined {
  return entry === undefined ? undefined : { version: entry.version, frame: decodeFrame(entry.bytes) }
}

/** How much later than by its TTL a hold ends by the wall clock, since clocks differ. */
const CLOCKS_DIFFER_MS = 60_000

/**
 * The frame of a hold. Its TTL ends it, which the store counts from the write: of two deletes at once the one executed last
 * may be the one sent first. The time in the frame is for an engine that has lost the TTL.
 * @param now Wall clock.
 */
export function holdFrame(now: number, holdOffMs: number): Buffer {
  const until = now + holdOffMs + CLOCKS_DIFFER_MS
  return encodeFrame({ kind: 'hold', createdAt: now, until, token: newToken(), marks: [] })
}

const random = Buffer.alloc(VERSION_BYTES)

/** A version never used before: 12 random bytes, one character each. A counter would restart when it is evicted. */
export function newVersion(): string {
  return randomFillSync(random).toString('latin1')
}

/** Not made on import: workers have no random bytes before their first request. */
let token: Buffer | undefined
let tokens = 0n

/** A token that no other lease has: 8 random bytes of this process, 8 that count. */
export function newToken(): string {
  token ??= randomFillSync(Buffer.alloc(TOKEN_BYTES))
  token.writeBigUInt64BE(tokens++, 8)
  return token.toString('latin1')
}
