import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Clock } from '@tiercel/cache-core'
import type { Store } from '@tiercel/cache-core/store'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll } from 'vitest'
import { type Place, runOn } from '../../../packages/cache-core/test/frameworks/support/places.js'

const SUITE = new URL('../../../packages/cache-core/test/frameworks/', import.meta.url)

export const server = await startServer('redis')
afterAll(() => server?.stop())

function openStore(prefix = `http-${randomUUID()}`): Store {
  return redisStore({ url: server?.url ?? '', prefix })
}

/** A prefix of its own, and connections of its own for each process that there would be. */
function newPlace(): Place {
  const prefix = `http-${randomUUID()}`
  return () => counted(openStore(prefix))
}

/** A store in which lifetimes end by a clock of the test's: what is over by it is removed before anybody looks. */
function endingBy(clock: Clock, store: Store): Store {
  const ends = new Map<string, number>()
  const isOver = (key: string): boolean => (ends.get(key) ?? Number.POSITIVE_INFINITY) <= clock.now()
  const note = (key: string, ttl: unknown): void => {
    if (typeof ttl === 'number') ends.set(key, clock.now() + ttl)
    else if (ttl === undefined) ends.delete(key)
  }
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]): Promise<unknown> => {
        const keys = [args[0]].flat().filter((key) => typeof key === 'string')
        const over = keys.filter(isOver)
        for (const key of over) ends.delete(key)
        if (over.length > 0) await target.deleteMany(over)
        const result: unknown = await member.apply(target, args)
        const [key = ''] = keys
        const written = result !== undefined && result !== false
        if (name === 'set' || ((name === 'add' || name === 'compareAndSet') && written)) {
          note(key, (args.at(-1) as { ttl?: unknown }).ttl)
        } else if (name === 'touch' && written) note(key, args[1])
        return result
      }
    },
  })
}

let running = 0

/** A store of which is known how many operations are under way. */
function counted(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const result: unknown = member.apply(target, args)
        if (!(result instanceof Promise)) return result
        running++
        return result.finally(() => running--)
      }
    },
  })
}

/** One operation follows another within a turn. What goes on for longer, as looks at a lease do, is not waited for. */
async function settled(): Promise<void> {
  for (let quiet = 0, looks = 0; quiet < 3 && looks < 100; looks++) {
    if (running > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await new Promise((resolve) => setImmediate(resolve))
    quiet = running === 0 ? quiet + 1 : 0
  }
}

/** The longest time between two looks at a lease, with its jitter. Milliseconds. */
const LONGEST_POLL = 320

/**
 * Between two requests of a test a server is still being written to, which the second one waits for: it looks again after
 * some milliseconds, also where the clock stands still.
 */
function clockOf(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => {
      if (ms > LONGEST_POLL) return clock.after(ms, callback)
      const cancel = (): void => {
        clearTimeout(timer)
        cancelFake()
      }
      const fire = (): void => {
        cancel()
        callback()
      }
      const timer = setTimeout(fire, ms)
      const cancelFake = clock.after(ms, fire)
      return cancel
    },
  }
}

const LONG = process.env.TIERCEL_LONG === '1'

/**
 * Elsewhere than in long runs each framework is tried in its newest version, and Nest on one of its platforms: what
 * differs between versions is how a message gets in and out, which core's tests on memory try in all of them.
 */
const OTHER_VERSIONS = new Set(['Express 4', 'Fastify 4', 'Nest on Express'])

/** Nor, in such runs, what is decided before a store is asked, or of which a store knows nothing: on memory alone. */
const REQUESTS_ALONE = new Set(['hostile-clients.test.ts', 'raw-requests.test.ts', 'raw-spellings.test.ts'])

/** Runs every `of`-th file of core's table of entry points on Redis, from the `first` one on. */
export async function runSuite(first: number, of: number): Promise<void> {
  // Deadlines that hold on a busy machine.
  const tries = (framework: string): boolean => LONG || !OTHER_VERSIONS.has(framework)
  const newStoreBy = (clock: Clock): Store => counted(endingBy(clock, openStore()))
  runOn({ newPlace, newStoreBy, options: { storeTimeout: '5s' }, clockOf, tries, settled })
  const files = readdirSync(SUITE).filter(
    (name) =>
      name.endsWith('.test.ts') &&
      (LONG || !REQUESTS_ALONE.has(name)) &&
      readFileSync(new URL(name, SUITE), 'utf8').includes('.each(frameworks'),
  )
  for (const [index, file] of files.sort().entries()) {
    if (index % of === first) await import(new URL(file, SUITE).href)
  }
}
