import { expiryOf } from './expiry.js'
import type { Command } from './memjs/message.js'
import { Opcode } from './memjs/protocol.js'

/**
 * memcached counts from 0 to 2^64 - 1 and stops at 0 on the way down. Counters are stored with this offset to leave
 * room below zero. Not 2^63: for larger numbers memcached looks for a sign and reads past the number into what an
 * earlier item left in its memory; a dash there makes it "not a number".
 */
const ZERO = 1n << 62n

/** Delta, initial value, expiration: 8, 8 and 4 bytes. */
const EXTRAS_BYTES = 20

/** With this expiration an absent counter is not created. */
const BEGINS_NOTHING = 0xffff_ffff

/** Adds `by`; a new counter starts at `by`. memcached applies the expiration only to a new one. */
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

/** Undoes a step that left the exact range, if the counter still exists. */
export function uncountCommand(key: string, by: number): Command {
  return commandOf(key, -by, BEGINS_NOTHING)
}

/** Reads all 64 bits (memjs 1.3.2 is wrong from 2^32 on). `undefined` if a number cannot hold the count exactly. */
export function countOf(value: Buffer): number | undefined {
  const count = Number(value.readBigUInt64BE() - ZERO)
  return Number.isSafeInteger(count) ? count : undefined
}
