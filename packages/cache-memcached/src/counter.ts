import { expiryOf } from './expiry.js'
import type { Command } from './memjs/message.js'
import { Opcode } from './memjs/protocol.js'

/**
 * memcached counts from 0 to 2^64 - 1 and stops at 0 on the way down. A counter is stored 2^63 higher than it is:
 * below zero is as much room as above.
 */
const ZERO = 1n << 63n

/** Delta, initial value, expiration: 8, 8 and 4 bytes. */
const EXTRAS_BYTES = 20

/** The command that adds `by`, and begins at it. memcached gives the expiration only when the counter begins. */
export function countCommand(key: string, by: number, ttlMs: number | undefined): Command {
  const extras = Buffer.allocUnsafe(EXTRAS_BYTES)
  extras.writeBigUInt64BE(BigInt(Math.abs(by)), 0)
  extras.writeBigUInt64BE(ZERO + BigInt(by), 8)
  extras.writeUInt32BE(expiryOf(ttlMs), 16)
  return { opcode: by < 0 ? Opcode.Decrement : Opcode.Increment, key, extras }
}

/** All 64 bits; memjs 1.3.2 is wrong from 2^32 on. `undefined` when a number cannot tell the value exactly. */
export function countOf(value: Buffer): number | undefined {
  const count = Number(value.readBigUInt64BE() - ZERO)
  return Number.isSafeInteger(count) ? count : undefined
}
