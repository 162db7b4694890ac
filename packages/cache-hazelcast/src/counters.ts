import { StoreError, StoreUnavailableError } from '@tiercel/cache-core/store'
import { STAMP_BYTES, type VersionStamps } from '@tiercel/cache-core/store-kit'
import { type Entries, engineTtl } from './entries.js'
import { errors } from './errors.js'
import type { Lifetimes } from './lifetimes.js'

/** Behind the stamp: the count, and when it ends in milliseconds of the wall clock (0: never), 8 bytes each. */
const COUNTER_BYTES = STAMP_BYTES + 16
/** Lost races with other processes after which an increment gives up. Each has let another one win. */
const MAX_ATTEMPTS = 1_000

interface Counter {
  readonly count: bigint
  readonly endsAt: number
}

interface Increment {
  readonly by: number
  readonly ttlMs: number | undefined
  readonly resolve: (count: number) => void
  readonly reject: (error: unknown) => void
}

/**
 * Counters in the map. It has none with a lifetime (a PNCounter lives for ever, an IAtomicLong is not free), so they
 * are values replaced over their version. Increments of one key that meet in this process are added up and written
 * together: alone they would race each other, n² writes for n of them.
 */
export class Counters {
  readonly #entries: () => Promise<Entries>
  readonly #lifetimes: Lifetimes
  readonly #stamps: VersionStamps
  /** By key, the increments that wait for the write under way. */
  readonly #waiting = new Map<string, Increment[]>()

  constructor(entries: () => Promise<Entries>, lifetimes: Lifetimes, stamps: VersionStamps) {
    this.#entries = entries
    this.#lifetimes = lifetimes
    this.#stamps = stamps
  }

  increment(key: string, by: number, ttlMs: number | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const increment = { by, ttlMs, resolve, reject }
      const waiting = this.#waiting.get(key)
      if (waiting !== undefined) {
        waiting.push(increment)
      } else {
        this.#waiting.set(key, [increment])
        void this.#work(key)
      }
    })
  }

  async #work(key: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(key) ?? []
      if (batch.length === 0) break
      this.#waiting.set(key, [])
      try {
        const sum = batch.reduce((total, { by }) => total + BigInt(by), 0n)
        let count = (await this.#add(key, sum, batch[0]?.ttlMs)) - sum
        for (const { by, resolve } of batch) {
          count += BigInt(by)
          resolve(Number(count))
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(key)
  }

  /** The new count. */
  async #add(key: string, by: bigint, ttlMs: number | undefined): Promise<bigint> {
    const entries = await this.#entries()
    let present = await entries.get(key)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = Date.now()
      const old = present === null ? undefined : readCounter(present)
      const live = old !== undefined && (old.endsAt === 0 || old.endsAt > now) ? old : undefined
      if (by === 0n) return live?.count ?? 0n
      const endsAt = live?.endsAt ?? (ttlMs === undefined ? 0 : now + ttlMs)
      const count = (live?.count ?? 0n) + by
      const next = this.#stamps.stamp(writeCounter({ count, endsAt }))
      const leftMs = endsAt === 0 ? undefined : endsAt - now
      if (present === null) {
        const winner = await entries.putIfAbsent(key, next, engineTtl(leftMs))
        if (winner === null || winner.equals(next)) return count
        present = winner
      } else {
        if (await this.#lifetimes.replace(key, present, next, leftMs)) return count
        present = await entries.get(key)
      }
    }
    const reason = `it lost ${MAX_ATTEMPTS} races, nothing was counted`
    throw errors.failed(StoreUnavailableError, 'increment', reason)
  }
}

function readCounter(stored: Buffer): Counter {
  if (stored.byteLength !== COUNTER_BYTES) {
    throw errors.failed(StoreError, 'increment', 'a value stands there, not a counter')
  }
  return {
    count: stored.readBigInt64BE(STAMP_BYTES),
    endsAt: Number(stored.readBigInt64BE(STAMP_BYTES + 8)),
  }
}

function writeCounter({ count, endsAt }: Counter): Buffer {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeBigInt64BE(count)
  bytes.writeBigInt64BE(BigInt(endsAt), 8)
  return bytes
}
