import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Clock } from '@tiercel/cache-core'
import { redisStore } from '@tiercel/cache-redis'
import { startServer } from '@tiercel/servers'
import { afterAll } from 'vitest'
import { type Place, runOn } from '../../../packages/cache-core/test/frameworks/support/places.js'

const SUITE = new URL('../../../packages/cache-core/test/frameworks/', import.meta.url)

export const server = await startServer('redis')
afterAll(() => server?.stop())

/** A prefix of its own, and connections of its own for each process that there would be. */
function newPlace(): Place {
  const prefix = `http-${randomUUID()}`
  return () => redisStore({ url: server?.url ?? '', prefix })
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

/** Runs every `of`-th file of core's table of entry points on Redis, from the `first` one on. */
export async function runSuite(first: number, of: number): Promise<void> {
  // Deadlines that hold on a busy machine.
  runOn({ newPlace, options: { storeTimeout: '5s' }, clockOf })
  const files = readdirSync(SUITE).filter(
    (name) => name.endsWith('.test.ts') && readFileSync(new URL(name, SUITE), 'utf8').includes('.each(frameworks'),
  )
  for (const [index, file] of files.sort().entries()) {
    if (index % of === first) await import(new URL(file, SUITE).href)
  }
}
