import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import type { Duration } from '../../../src/base/duration.js'
import type { CompleteResponse, Exchange, RunPlan } from '../../../src/http/engine/exchange.js'
import { createHttpCache, type HttpCache } from '../../../src/http/engine/http-cache.js'
import type { HeaderLines } from '../../../src/http/message/headers.js'
import type { CacheRequest } from '../../../src/http/message/message.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { type Cache, createCache, memoryStore, type Store } from '../../../src/index.js'
import { FakeClock, turn } from '../../../src/testing/fake-clock.js'
import { type FaultControls, faultyStore } from '../../../src/testing/faulty-store.js'
import { Seeded } from '../../../src/testing/seeded.js'
import { get } from '../support/requests.js'

/** Overridden to look for what differs: `SEEDS=1000-2000`. */
const [FIRST_SEED = 1, LAST_SEED = 8] = (process.env.SEEDS ?? '').split('-').map(Number).filter(Boolean)
const STEPS = 100

interface Sent {
  readonly head: CompleteResponse
  readonly body: Uint8Array | undefined
}

class Chance extends Seeded {
  of<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }

  is(share: number): boolean {
    return this.next() < share
  }

  some<T>(list: readonly T[], share: number): T[] {
    return list.filter(() => this.is(share))
  }
}

interface World {
  readonly clock: FakeClock
  readonly cache: Cache
  /** Another process on the same store. */
  readonly there: Cache
  readonly store?: FaultControls
}

type Build = (chance: Chance) => World

function inMemory(chance: Chance): World {
  const clock = new FakeClock()
  const store = memoryStore({ clock, maxEntries: chance.of([12, 25, 1_000, 1_000]) })
  const tagHold = chance.of<Duration>([0, '1s', '1s', '1s'])
  const make = (): Cache => createCache({ clock, store, tagHold })
  return { clock, cache: make(), there: make() }
}

function near(bus: boolean): Build {
  return (chance) => {
    const clock = new FakeClock()
    const memory = memoryStore({ clock, maxEntries: chance.of([25, 1_000]) })
    Object.assign(memory, { capabilities: { ...memory.capabilities, bus } })
    const store = faultyStore(memory)
    const tagHold = chance.of<Duration>([0, '1s', '1s', '1s'])
    const near = { maxEntries: chance.of([2, 1_000]), ttl: chance.of<Duration>(['500ms', '5s']) }
    const make = (over: Store): Cache => createCache({ clock, store: over, tagHold, near })
    return { clock, cache: make(store), there: make(memory), store }
  }
}

function optionsOf(chance: Chance): HttpCacheOptions {
  const isRfc = chance.is(0.4)
  return {
    ...(isRfc ? { profile: 'rfc9111' } : { ttl: chance.of(['3s', '10s', '1m']) }),
    tags: chance.some(['red', 'blue'], 0.5),
    prefixDepth: 1,
    staleWhileRevalidate: chance.of(['2s', undefined]),
    headers: chance.of([undefined, undefined, ['x-v'], ['accept-language', 'authorization']]),
    cookies: chance.of([undefined, undefined, [], ['c']]),
    credentialHeaders: chance.of([undefined, undefined, ['x-user']]),
    narrow: chance.of([undefined, undefined, true, 'strict', false]),
    query: chance.of([undefined, ['a']]),
    noVarySearch: chance.of([undefined, undefined, true]),
    clientDirectives: chance.of([undefined, true]),
    cacheStatus: chance.of([undefined, 'minimal', false]),
    updateByHead: chance.of([undefined, true]),
    storePartial: chance.of([undefined, true]),
    etag: chance.of([undefined, 'strong']),
    normalizeVary: chance.of([undefined, true]),
  }
}

const FIELDS = [
  ['X-V', '1'],
  ['X-V', '2'],
  ['Cookie', 'c=1'],
  ['Authorization', 'Basic eA=='],
  ['X-User', 'me'],
  ['Range', 'bytes=0-1'],
  ['If-None-Match', '"1"'],
  ['If-Modified-Since', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ['Cache-Control', 'max-age=1'],
  ['Cache-Control', 'no-cache'],
  ['Cache-Control', 'only-if-cached'],
  ['Cache-Control', 'min-fresh=2'],
  ['Pragma', 'no-cache'],
  ['Accept', 'text/event-stream'],
  ['Content-Length', '1'],
  ['Upgrade', 'websocket'],
  ['Host', 'example.org'],
] as const

const MORE: readonly Partial<CacheRequest>[] = [
  { method: 'HEAD' },
  { scheme: 'https' },
  { url: '/c' },
  { target: '/a?a=1&x=3' },
  { target: 'http://example.com/a' },
  { origin: { scheme: 'http', host: 'example.org' } },
  { constraints: ['version="1"'] },
  { credential: 'TLS client certificate' },
  { hasContent: true },
]

/** What a client asks for: mostly a URL and nothing else. */
function requestOf(chance: Chance): CacheRequest {
  const target = chance.of(['/a', '/a', '/a', '/b', '/a?a=1', '/a?a=1&x=2'])
  const fields = chance.is(0.4) ? { 'Accept-Language': chance.of(['en', 'de', ['en', 'de']]) } : {}
  const request = get(target, fields)
  return chance.is(0.1) ? alike(request, chance) : request
}

/** The same but for one thing. */
function alike(request: CacheRequest, chance: Chance): CacheRequest {
  if (chance.is(0.4)) return { ...request, ...chance.of(MORE) }
  return { ...request, headers: [...request.headers, ...chance.of(FIELDS)] }
}

class Play {
  readonly #chance: Chance
  readonly #world: World
  /** Repeats hits. */
  readonly #engine: HttpCache
  /** The same, but it goes the long way for each request, since a function has to be asked. */
  readonly #asking: HttpCache
  readonly #others: readonly HttpCache[]
  readonly #log: string[] = []
  #runs = 0
  #last: HeaderLines | undefined
  repeated = 0

  constructor(chance: Chance, build: Build) {
    this.#chance = chance
    this.#world = build(chance)
    const { cache, there } = this.#world
    const options = optionsOf(chance)
    this.#log.push(JSON.stringify(options))
    this.#engine = createHttpCache(cache, options)
    this.#asking = this.#engine.with({ bypass: () => false })
    this.#others = [createHttpCache(cache, { ttl: '2s' }), createHttpCache(there, options)]
  }

  async play(): Promise<void> {
    await this.#world.cache.get('opens the bus')
    await turn()
    for (let step = 0; step < STEPS; step++) {
      if (this.#chance.is(0.25)) await this.#happen()
      else await this.#clientsAsk()
    }
  }

  /** Several ask for the same, and each must get what the long way gives at this moment. */
  async #clientsAsk(): Promise<void> {
    const chance = this.#chance
    const request = requestOf(chance)
    for (let asked = 0; asked < 6; asked++) {
      const got = this.#ask(this.#engine, request)
      this.#compare(request, got)
      if (got === undefined && asked === 1) return
      if (got === undefined) await turn()
      if (asked !== 3) continue
      const other = alike(request, chance)
      if (chance.is(0.6)) await this.#happen()
      else this.#compare(other, this.#ask(this.#engine, other))
    }
  }

  #compare(request: CacheRequest, got: Sent | undefined): void {
    if (got === undefined) return
    if (got.head.headers === this.#last) this.repeated++
    this.#last = got.head.headers
    const looked = this.#ask(this.#asking, request)
    if (isDeepStrictEqual(looked, got)) return
    expect(looked, `${this.#log.join('\n')}\n${JSON.stringify(request)}`).toEqual(got)
  }

  /** What goes out at once. */
  #ask(engine: HttpCache, request: CacheRequest): Sent | undefined {
    let sent: Sent | undefined
    const exchange: Exchange = {
      request,
      send: (head, body) => {
        sent = { head: bare(head), body }
      },
      run: (plan) => this.#run(request, plan),
      write: ({ invalidate }) => void invalidate({ status: 200, headers: [] }),
    }
    void engine.handle(exchange)
    return sent
  }

  async #run({ target }: CacheRequest, { onHead, capture }: RunPlan): Promise<{ end: 'captured' | 'passed' }> {
    const chance = this.#chance
    this.#runs++
    const cacheControl = chance.of([
      'max-age=1',
      'max-age=3',
      'max-age=60',
      'public, max-age=2',
      'max-age=2, stale-while-revalidate=5',
    ])
    const headers = ['ETag', chance.of(['"1"', `"${this.#runs}"`]), 'Cache-Control', cacheControl]
    if (chance.is(0.1)) headers.push('Age', '1')
    for (const name of chance.some(['Accept-Language', 'X-V', 'Host'], 0.2)) headers.push('Vary', name)
    if (chance.is(0.2)) headers.push('No-Vary-Search', 'params=("x")')
    if (chance.is(0.1)) headers.push('Vary', 'Cookie')
    const body = Buffer.from(chance.is(0.1) ? '' : `${target} ${this.#runs}`)
    await turn()
    const status = chance.is(0.05) ? 404 : 200
    const { capture: kept } = onHead({ status, statusText: '', headers, changes: changesOf([], headers, NO_LOG) })
    this.#log.push(`  run ${this.#runs} ${headers.join(' ')}`)
    return kept && capture?.keep(body) ? { end: 'captured' } : { end: 'passed' }
  }

  async #happen(): Promise<void> {
    const chance = this.#chance
    const { clock, cache, there, store } = this.#world
    const engine = chance.of([this.#engine, ...this.#others])
    const soft = chance.is(0.3)
    const url = chance.of(['http://example.com/a', 'http://example.com/b', 'http://example.com/a?a=1'])
    const does: readonly (readonly [string, () => unknown])[] = [
      ['1 ms', () => clock.advance(1)],
      ['300 ms', () => clock.advance(chance.of([50, 200, 300]))],
      ['700 ms', () => clock.advance(700)],
      ['2 s', () => clock.advance(chance.of([1_000, 2_000, 5_000]))],
      ['purge', () => engine.purge(url, { soft })],
      ['purge tags', () => engine.purgeTags([chance.of(['red', 'blue'])], { soft })],
      ['purge prefix', () => engine.purgePrefix('/a', { soft })],
      ['purge all', () => engine.purgeAll({ soft })],
      ['invalidate', () => chance.of([cache, there]).invalidateTags(['red'])],
      ['post', () => this.#ask(engine, { ...get(chance.of(['/a', '/b'])), method: 'POST' })],
      ['asked elsewhere', () => this.#ask(engine, requestOf(chance))],
      ['asked anew', () => this.#ask(engine, get('/a', { 'Cache-Control': 'no-cache', 'Accept-Language': 'en' }))],
      ['asked anew', () => this.#ask(engine, get('/a', { 'Cache-Control': 'no-cache' }))],
      ['others', () => Promise.all(Array.from({ length: 15 }, (_, n) => cache.set(`${chance.next()}`, n)))],
      ['wall', () => clock.setWall(clock.now() + chance.of([-5_000, -300, 300, 5_000]))],
      ['freeze', () => store?.freeze()],
      ['thaw', () => store?.thaw()],
      ['thaw', () => store?.thaw()],
    ]
    const [what, doIt] = chance.of(does)
    this.#log.push(`${what} ${soft ? 'soft ' : ''}by ${[this.#engine, ...this.#others].indexOf(engine)} ${url}`)
    const doing = Promise.resolve(doIt()).catch(() => {})
    // Where the store hangs, only time ends what is under way.
    if (store === undefined || / m?s$/.test(what)) await doing
    else await turn()
  }
}

/** A head made of what is stored has more to it. */
function bare({ status, statusText, headers, added, removed }: CompleteResponse): CompleteResponse {
  return { status, statusText, headers, added, removed }
}

it.each<[string, Build, number]>([
  ['in memory', inMemory, 50],
  ['near', near(true), 50],
  ['near, without a bus', near(false), 50],
])('%s, what is repeated is what a look through all rules gives', async (_, build, least) => {
  let repeated = 0
  for (let seed = FIRST_SEED; seed <= LAST_SEED; seed++) {
    const play = new Play(new Chance(seed), build)
    try {
      await play.play()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    repeated += play.repeated
  }
  expect(repeated).toBeGreaterThan(least)
})
