import { CounterRangeError, StoreError, StoreUnavailableError } from '@tiercel/cache-core/store'
import { STAMP_BYTES, type VersionStamps } from '@tiercel/cache-core/store-kit'
import { type Entries, engineTtl } from './entries.js'
import { errors } from './errors.js'
import type { Lifetimes } from './lifetimes.js'

/** After the stamp: the count and its expiry in milliseconds of the wall clock (0: never), 8 bytes each. */
const COUNTER_BYTES = STAMP_BYTES + 16
/** An increment gives up after losing this many races with other processes. */
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
 * Counters kept as values in the map and changed by compare-and-set. Hazelcast's own have no lifetime (PNCounter) or
 * need a licence (IAtomicLong). Concurrent increments of a key in this process are added up and written together:
 * separately, n of them would race each other with n² writes.
 */
export class Counters {
  readonly #entries: () => Promise<Entries>
  readonly #lifetimes: Lifetimes
  readonly #stamps: VersionStamps
  /** The increments waiting for the current write, by key. */
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
        await this.#count(key, batch)
      } catch (error) {
        if (error instanceof CounterRangeError && batch.length > 1) await this.#countSingly(key, batch)
        else for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(key)
  }

  /** @throws CounterRangeError if one of them would leave the exact range. Then nothing was counted. */
  async #count(key: string, batch: readonly Increment[]): Promise<void> {
    const steps = batch.map(({ by }) => BigInt(by))
    const sum = steps.reduce((total, by) => total + by, 0n)
    let count = (await this.#add(key, steps, batch[0]?.ttlMs)) - sum
    for (const [index, { resolve }] of batch.entries()) {
      count += steps[index] as bigint
      resolve(Number(count))
    }
  }

  async #countSingly(key: string, batch: readonly Increment[]): Promise<void> {
    for (const increment of batch) await this.#count(key, [increment]).catch(increment.reject)
  }

  /** @returns The new count. */
  async #add(key: string, steps: readonly bigint[], ttlMs: number | undefined): Promise<bigint> {
    const entries = await this.#entries()
    let present = await entries.get(key)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = Date.now()
      const old = present === null ? undefined : readCounter(present)
      const live = old !== undefined && (old.endsAt === 0 || old.endsAt > now) ? old : undefined
      if (steps.every((by) => by === 0n)) return exact(live?.count ?? 0n)
      const endsAt = live?.endsAt ?? (ttlMs === undefined ? 0 : now + ttlMs)
      const count = steps.reduce((before, by) => exact(before + by), live?.count ?? 0n)
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

/** @throws CounterRangeError */
function exact(count: bigint): bigint {
  if (!Number.isSafeInteger(Number(count))) throw errors.beyondCounter()
  return count
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
