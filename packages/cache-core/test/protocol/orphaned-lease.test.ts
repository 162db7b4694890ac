import { describe, expect, it } from 'vitest'
import { AmbiguousWriteError, StoreUnavailableError } from '../../src/base/errors.js'
import { type Cache, createCache } from '../../src/data/cache.js'
import { MemoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'

/**
 * How a process loses its store: it freezes, and executes afterwards what it was sent, whoever still waits; its line is
 * cut before an operation is sent; or after it was executed, before its answer came.
 */
type Loss = 'frozen' | 'cut before' | 'cut after'

class LosingStore {
  readonly store: Store
  /** The store is lost with the next operation of this name. */
  lostAt: string | undefined
  readonly #loss: Loss
  #lost: { readonly over: Promise<void>; readonly end: () => void } | undefined

  constructor(real: Store, loss: Loss) {
    this.#loss = loss
    this.store = new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function' || name === 'close') return member
        return (...args: unknown[]) => this.#operate(String(name), () => member.apply(target, args))
      },
    })
  }

  /** It is there again. */
  find(): void {
    this.#lost?.end()
    this.#lost = undefined
  }

  async #operate(operation: string, execute: () => unknown): Promise<unknown> {
    const details = { store: 'memory', operation }
    if (operation === this.lostAt) {
      this.#lose()
      if (this.#loss === 'cut after') {
        await execute()
        throw new AmbiguousWriteError('the line broke', details)
      }
    }
    if (this.#lost === undefined) return execute()
    if (this.#loss !== 'frozen') throw new StoreUnavailableError('no line', details)
    await this.#lost.over
    return execute()
  }

  #lose(): void {
    this.lostAt = undefined
    let end!: () => void
    const over = new Promise<void>((resolve) => {
      end = resolve
    })
    this.#lost = { over, end }
  }
}

describe('when a process has lost its store for 2 s, others do not wait for the end of a lease', () => {
  it.each([
    ['whose claim was executed late', 'frozen', 'add'],
    ['whose claim was executed, and its answer lost', 'cut after', 'add'],
    ['that could not be completed', 'cut before', 'compareAndSet'],
  ] as const)('%s', async (_name, loss, lostAt) => {
    const clock = new FakeClock()
    const memory = new MemoryStore({ clock })
    const losing = new LosingStore(memory, loss)
    const holder = createCache({ store: losing.store, clock })
    const other = createCache({ store: memory, clock })
    // From here on the version of the namespace is held.
    await holder.set('another key', 1)

    losing.lostAt = lostAt
    const answered = holder.getOrSet('key', () => 'loaded')
    await clock.advance(2_000)
    expect(await answered).toBe('loaded')
    losing.find()

    expect(await waitsFor(clock, other)).toBeLessThan(1_000)
    await Promise.all([holder.close(), other.close()])
  })
})

/** How long another process waits for the key, in milliseconds of the clock. */
async function waitsFor(clock: FakeClock, cache: Cache): Promise<number> {
  const startedAt = clock.monotonic()
  let ended = false
  void cache
    .getOrSet('key', () => 'loaded by another')
    .then(() => {
      ended = true
    })
  await turn()
  while (!ended) await clock.advance(10)
  return clock.monotonic() - startedAt
}
