import { type Cache, createCache } from '../../src/data/cache.js'
import type { CacheOptions } from '../../src/data/options.js'
import { MemoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'
import { type FaultControls, faultyStore } from '../../src/testing/faulty-store.js'

/** One process: a cache, and the faults of its store. */
export interface Process {
  readonly cache: Cache
  readonly faulty: FaultControls & Store
}

export interface SetUp extends Process {
  readonly clock: FakeClock
  /** The store behind all processes. */
  readonly memory: MemoryStore
  /** Another process on the same store. */
  another(options?: Partial<CacheOptions>): Process
}

/** A cache on a memory store, on a clock that a test moves. */
export function setUp(options: Partial<CacheOptions> = {}): SetUp {
  const clock = new FakeClock()
  const memory = new MemoryStore({ clock, maxEntries: 30_000 })
  const another = (more: Partial<CacheOptions> = {}): Process => {
    const faulty = faultyStore(memory)
    return { faulty, cache: createCache({ store: faulty, clock, jitter: 0, ...options, ...more }) }
  }
  return { clock, memory, another, ...another() }
}

/** Milliseconds on the clock until the call ends, either way. */
export async function endsAfter(clock: FakeClock, call: Promise<unknown>): Promise<number> {
  let ended = false
  const end = (): void => {
    ended = true
  }
  call.then(end, end)
  const startedAt = clock.monotonic()
  await turn()
  while (!ended) {
    if (clock.monotonic() - startedAt > 40_000) throw new Error('the call does not end')
    await clock.advance(1)
  }
  return clock.monotonic() - startedAt
}

/** A loader that takes this long on the clock. */
export function slowly<T>(clock: FakeClock, ms: number, value: T): () => Promise<T> {
  return () => new Promise((resolve) => clock.after(ms, () => resolve(value)))
}

export interface Gate<T = void> {
  readonly promise: Promise<T>
  open(value: T): void
  fail(error: unknown): void
}

/** A promise that a test settles. */
export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}
