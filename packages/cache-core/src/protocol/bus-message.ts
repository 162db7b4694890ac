import { bufferOf } from '../base/bytes.js'

/**
 * What processes tell each other.
 *
 * ```
 *  0  u8   version of this layout
 *  1  u8   kind: 1 heartbeat, 2 changes
 *  2  8    sender: random, one for each bus
 * 10  u32  number: of a message with changes, counted by its sender from 1; of a heartbeat, the last one sent before it
 * 14       changes: u32 length of a slot, the slot in UTF-8
 * ```
 */
export interface BusMessage {
  readonly sender: string
  readonly number: number
  /** Slots that have changed; `undefined`: a heartbeat. */
  readonly slots: readonly string[] | undefined
}

/** Changes with the layout: what another one has written is not for us. */
const LAYOUT = 0xb1
const HEARTBEAT = 1
const CHANGES = 2
export const SENDER_BYTES = 8
const NUMBER_AT = 2 + SENDER_BYTES
const HEADER_BYTES = NUMBER_AT + 4
const LENGTH_BYTES = 4

/** @param sender 8 bytes, one character each. */
export function encodeMessage({ sender, number, slots }: BusMessage): Buffer {
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

/** `undefined` where it is not a whole message of this layout. */
export function decodeMessage(message: Uint8Array): BusMessage | undefined {
  const bytes = bufferOf(message)
  if (bytes.byteLength < HEADER_BYTES || bytes[0] !== LAYOUT) return undefined
  const sender = bytes.toString('latin1', 2, NUMBER_AT)
  const number = bytes.readUInt32BE(NUMBER_AT)
  if (bytes[1] === HEARTBEAT) return { sender, number, slots: undefined }
  if (bytes[1] !== CHANGES) return undefined
  const slots: string[] = []
  let at = HEADER_BYTES
  while (at < bytes.byteLength) {
    if (at + LENGTH_BYTES > bytes.byteLength) return undefined
    const from = at + LENGTH_BYTES
    at = from + bytes.readUInt32BE(at)
    if (at > bytes.byteLength) return undefined
    slots.push(bytes.toString('utf8', from, at))
  }
  return { sender, number, slots }
}
