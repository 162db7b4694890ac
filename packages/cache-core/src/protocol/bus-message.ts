import { bufferOf } from '../base/bytes.js'
import { TOKEN_BYTES } from '../entry/frame.js'
import { MAX_SLOT_KEY_BYTES } from './slot.js'
import { MAX_TOPICS, type WakeKind } from './wakes.js'

/**
 * What processes tell each other.
 *
 * ```
 *  0  u8   version of this layout
 *  1  u8   kind: 1 heartbeat, 2 changes, 3 loads that are wanted, 4 loads that have ended
 *  2  8    sender: random, one for each bus
 * 10  u32  number: of a message with changes, counted by its sender from 1; of all others, the last one sent before it
 * 14       changes: u32 length of a slot, the slot in UTF-8; loads: 16 bytes of each
 * ```
 */
export interface BusMessage {
  readonly sender: string
  readonly number: number
  /** Slots that have changed; `undefined`: none, as in a heartbeat or a message about loads. */
  readonly slots: readonly string[] | undefined
  /** What it says about loads. */
  readonly loads?: { readonly kind: WakeKind; readonly topics: readonly string[] } | undefined
}

/** Changes in one message, so that none holds up the connection for long. */
export const MAX_CHANGES = 1_000
/** Characters of slots in one message, before the last one. */
export const MAX_MESSAGE_CHARACTERS = 65_536
/** Those are 3 bytes each at the most, beside their lengths and the last slot. */
const MAX_MESSAGE_BYTES = 3 * MAX_MESSAGE_CHARACTERS + 2 * MAX_SLOT_KEY_BYTES

/** Changes with the layout: messages of another one are ignored. */
const LAYOUT = 0xb1
const HEARTBEAT = 1
const CHANGES = 2
const LOADS: Readonly<Record<WakeKind, number>> = { wanted: 3, ended: 4 }
export const SENDER_BYTES = 8
const NUMBER_AT = 2 + SENDER_BYTES
const HEADER_BYTES = NUMBER_AT + 4
const LENGTH_BYTES = 4
const TOPICS = new RegExp(`.{${TOKEN_BYTES}}`, 'gs')

/** @param sender 8 bytes, one character each. */
export function encodeMessage({ sender, number, slots, loads }: BusMessage): Buffer {
  if (loads !== undefined) {
    const head = encodeMessage({ sender, number, slots: undefined })
    head[1] = LOADS[loads.kind]
    return Buffer.concat([head, Buffer.from(loads.topics.join(''), 'latin1')])
  }
  const texts = (slots ?? []).map((slot) => Buffer.from(slot))
  const bytes = Buffer.allocUnsafe(
    HEADER_BYTES + texts.reduce((sum, { byteLength }) => sum + LENGTH_BYTES + byteLength, 0),
  )
  bytes[0] = LAYOUT
  bytes[1] = slots === undefined ? HEARTBEAT : CHANGES
  bytes.write(sender, 2, SENDER_BYTES, 'latin1')
  let at = bytes.writeUInt32BE(number >>> 0, NUMBER_AT)
  for (const text of texts) {
    at = bytes.writeUInt32BE(text.byteLength, at)
    at += text.copy(bytes, at)
  }
  return bytes
}

/**
 * `undefined` where it is not a whole message of this layout, or longer than any bus sends: nobody who can write to the
 * channel must be able to fill the memory of its listeners.
 */
export function decodeMessage(message: Uint8Array): BusMessage | undefined {
  const bytes = bufferOf(message)
  const { byteLength } = bytes
  if (byteLength < HEADER_BYTES || byteLength > MAX_MESSAGE_BYTES || bytes[0] !== LAYOUT) return undefined
  const sender = bytes.toString('latin1', 2, NUMBER_AT)
  const number = bytes.readUInt32BE(NUMBER_AT)
  if (bytes[1] === HEARTBEAT) return { sender, number, slots: undefined }
  const kind = bytes[1] === LOADS.wanted ? 'wanted' : bytes[1] === LOADS.ended ? 'ended' : undefined
  if (kind !== undefined) {
    if (byteLength > HEADER_BYTES + MAX_TOPICS * TOKEN_BYTES) return undefined
    const topics = bytes.toString('latin1', HEADER_BYTES).match(TOPICS) ?? []
    return { sender, number, slots: undefined, loads: { kind, topics } }
  }
  if (bytes[1] !== CHANGES) return undefined
  const slots: string[] = []
  let at = HEADER_BYTES
  while (at < byteLength) {
    if (at + LENGTH_BYTES > byteLength) return undefined
    const from = at + LENGTH_BYTES
    at = from + bytes.readUInt32BE(at)
    if (at > byteLength || slots.length === MAX_CHANGES) return undefined
    slots.push(bytes.toString('utf8', from, at))
  }
  return { sender, number, slots }
}
