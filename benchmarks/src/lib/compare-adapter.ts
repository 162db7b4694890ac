import type { Store } from '@tiercel/cache-core/store'
import { guardStore } from '@tiercel/cache-core/store'
import { compare, type Figure } from './figure.js'
import { measureRounds } from './rounds.js'
import { closedLoop, type Operation } from './sample.js'
import { bytes, KEYS } from './values.js'

/** What an engine's driver does for a read and a write, called as its own documentation does. */
export interface Driver {
  get(key: string): Promise<unknown>
  set(key: string, value: Buffer, ttlMs: number): Promise<unknown>
}

export interface AdapterComparison {
  /** The engine. */
  readonly engine: string
  /** The driver's calls, for the table. */
  readonly driverName: { readonly get: string; readonly set: string }
  readonly driver: Driver
  /** Made with `PREFIX`. */
  readonly store: Store
}

/** As long as `DRIVER_PREFIX`, so that both send keys of one length. */
export const PREFIX = 'adapter'
const DRIVER_PREFIX = 'drivers:'

/** The least speed of an adapter's operations over its driver's, by the number of readers. */
const BARS: Readonly<Record<number, number>> = { 1: 0.85, 64: 0.9 }

const VALUE = bytes(1_024)
const TTL_MS = 3_600_000

/** An adapter's `get` and `set` over its bare driver's; and the same behind the guard, as the cache uses it. */
export async function compareAdapter({ engine, driverName, driver, store }: AdapterComparison): Promise<Figure[]> {
  // A deadline's length costs nothing; a busy machine is no dead store.
  const guarded = guardStore(store, { timeout: '2s' })
  const key = (index: number): string => `key-${index % KEYS}`
  const operations: Readonly<Record<'get' | 'set', Readonly<Record<string, Operation>>>> = {
    get: {
      driver: (index) => driver.get(DRIVER_PREFIX + key(index)),
      store: (index) => store.get(key(index)),
      guarded: (index) => guarded.get(key(index)),
    },
    set: {
      driver: (index) => driver.set(DRIVER_PREFIX + key(index), VALUE, TTL_MS),
      store: (index) => store.set(key(index), VALUE, { ttl: TTL_MS }),
      guarded: (index) => guarded.set(key(index), VALUE, { ttl: TTL_MS }),
    },
  }
  for (let index = 0; index < KEYS; index++) {
    await Promise.all([operations.set.driver?.(index), operations.set.store?.(index)])
  }
  const figures: Figure[] = []
  for (const callers of [1, 64]) {
    for (const name of ['get', 'set'] as const) {
      const samples = await measureRounds(
        Object.entries(operations[name]).map(([contender, operation]) => ({
          name: contender,
          measure: () => closedLoop(operation, { callers }),
        })),
      )
      const subject = `${engine} store.${name}, ${callers === 1 ? '1 caller' : `${callers} callers`}`
      const comparison = { over: driverName[name], reading: 'speed', measure: 'wall' } as const
      const bar = BARS[callers] as number
      const base = samples.get('driver')
      const behindGuard = compare({ ...comparison, subject }, samples.get('guarded'), base)
      const figure = compare({ ...comparison, subject, bar }, samples.get('store'), base)
      figures.push({ ...figure, beside: `${figure.beside}, guarded ${behindGuard.ratio.median.toFixed(2)}` })
    }
  }
  return figures
}
