import { type Response, Utils } from 'memjs'
import { HEADER_BYTES } from './protocol.js'

/** A request in the terms of the binary protocol. */
export interface Command {
  readonly opcode: number
  readonly key: string
  readonly extras?: Uint8Array
  readonly value?: Uint8Array
  /** The CAS number that the key must still have. Never 0: that is memcached's word for "whatever it has". */
  readonly cas?: bigint | undefined
}

/** An answer in the terms of the binary protocol. */
export interface Reply {
  readonly status: number
  readonly cas: bigint
  readonly value: Buffer
  /** The number of the connection that the answer came on. */
  readonly connection: number
}

/** First byte of every request. */
const REQUEST_MAGIC = 0x80
const NOTHING: Uint8Array = new Uint8Array(0)

/** memjs's `makeRequestBuffer` with room for a CAS number, in one buffer that is written once. */
export function encode(
  { opcode, key, extras = NOTHING, value = NOTHING, cas = 0n }: Command,
  sequence: number,
): Buffer {
  const keyLength = Buffer.byteLength(key)
  const bodyLength = extras.byteLength + keyLength + value.byteLength
  const request = Buffer.allocUnsafe(HEADER_BYTES + bodyLength)
  request[0] = REQUEST_MAGIC
  request[1] = opcode
  request.writeUInt16BE(keyLength, 2)
  request[4] = extras.byteLength
  request.fill(0, 5, 8) // data type and partition, unused
  request.writeUInt32BE(bodyLength, 8)
  request.writeUInt32BE(sequence, 12)
  request.writeBigUInt64BE(cas, 16)
  request.set(extras, HEADER_BYTES)
  request.write(key, HEADER_BYTES + extras.byteLength)
  request.set(value, HEADER_BYTES + extras.byteLength + keyLength)
  return request
}

/** One answer, header and body, in what the socket delivered. */
export interface Message {
  readonly data: Buffer
  readonly start: number
  readonly end: number
}

export const opcodeOf = ({ data, start }: Message): number => data[start + 1] as number
export const statusOf = ({ data, start }: Message): number => data.readUInt16BE(start + 6)
export const sequenceOf = ({ data, start }: Message): number => data.readUInt32BE(start + 12)

export function decode(message: Message, connection: number): Reply {
  const { data, start, end } = message
  const extrasLength = data[start + 4] as number
  const keyLength = data.readUInt16BE(start + 2)
  return {
    status: statusOf(message),
    cas: data.readBigUInt64BE(start + 16),
    value: data.subarray(start + HEADER_BYTES + extrasLength + keyLength, end),
    connection,
  }
}

/** The answer as memjs's own commands take it. */
export function toResponse({ data, start, end }: Message): Response {
  return Utils.parseMessage(data.subarray(start, end))
}
