import { expiryOf } from './expiry.js'
import type { Command } from './memjs/message.js'
import { Opcode } from './memjs/protocol.js'

/**
 * memcached counts from 0 to 2^64 - 1 and stops at 0 on the way down. A counter is stored 2^62 higher than it is, so that
 * there is room below zero. Not 2^63: of what is higher than that memcached looks for a sign, and looks on behind the
 * number, at what an earlier item has left in its memory; a dash there makes it no number.
 */
const ZERO = 1n << 62n

/** Delta, initial value, expiration: 8, 8 and 4 bytes. */
const EXTRAS_BYTES = 20

/** An expiration with which a counter that is not there is not begun. */
const BEGINS_NOTHING = 0xffff_ffff

/** The command that adds `by`, and begins at it. memcached gives the expiration only when the counter begins. */
export function countCommand(key: string, by: number, ttlMs: number | undefined): Command {
  return commandOf(key, by, expiryOf(ttlMs))
}

function commandOf(key: string, by: number, expiration: number): Command {
  const extras = Buffer.allocUnsafe(EXTRAS_BYTES)
  extras.writeBigUInt64BE(BigInt(Math.abs(by)), 0)
  extras.writeBigUInt64BE(ZERO + BigInt(by), 8)
  extras.writeUInt32BE(expiration, 16)
  return { opcode: by < 0 ? Opcode.Decrement : Opcode.Increment, key, extras }
}

/** Takes back what led beyond what is exact, where the counter is still there. */
export function uncountCommand(key: string, by: number): Command {
  return commandOf(key, -by, BEGINS_NOTHING)
}

/** All 64 bits; memjs 1.3.2 is wrong from 2^32 on. `undefined` when a number cannot tell the value exactly. */
export function countOf(value: Buffer): number | undefined {
  const count = Number(value.readBigUInt64BE() - ZERO)
  return Number.isSafeInteger(count) ? count : undefined
}
