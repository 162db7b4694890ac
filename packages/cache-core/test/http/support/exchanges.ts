import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import { formatHttpDate } from '../../../src/http/message/http-date.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { createCache, memoryStore } from '../../../src/index.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { type Answered, type Asking, ask } from './asking.js'

/** A full shared cache, on a clock that a test moves. */
export function shared(options: HttpCacheOptions = {}): { engine: HttpCache; clock: FakeClock } {
  const clock = new FakeClock()
  const cache = createCache({ store: memoryStore({ maxEntries: 1_000 }), clock, jitter: 0 })
  return { engine: createHttpCache(cache, { profile: 'rfc9111', ...options }), clock }
}

/** Names and values. A number stands for the date this many seconds from now. */
export type Fields = readonly (string | number)[]

function lines(fields: Fields, now: number): string[] {
  return fields.map((field) => (typeof field === 'string' ? field : formatHttpDate(now + field * 1_000)))
}

/** What a second request gets, this many seconds after the first one was answered with these fields. */
export async function second(
  fields: Fields,
  seconds: number,
  { first = {}, asked = [], options = {}, method = 'GET' }: Second = {},
): Promise<Answered> {
  const { engine, clock } = shared(options)
  await ask(engine, '/', { body: 'one', headers: lines(fields, clock.now()), ...first })
  await clock.advance(seconds * 1_000)
  return ask(engine, '/', { body: 'two', asked, method })
}

export interface Second {
  readonly first?: Asking
  readonly asked?: readonly string[]
  readonly options?: HttpCacheOptions
  readonly method?: string
}
