import { describe, expect, it } from 'vitest'
import { type Cache, createCache } from '../../src/data/cache.js'
import type { CacheOptions } from '../../src/data/options.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'
import { type Servers, someServers } from '../support/three-servers.js'

const KEYS = Array.from({ length: 60 }, (_, index) => `key ${index}`)
const THREE = [0, 1, 2] as const

interface World extends Servers {
  readonly clock: FakeClock
  process(cutOff?: ReadonlySet<number>, options?: Partial<CacheOptions>): Cache
}

function world(count: number): World {
  const clock = new FakeClock()
  const servers = someServers(clock, count)
  const process: World['process'] = (cutOff, options) =>
    createCache({ store: servers.storeOf(cutOff), clock, jitter: 0, ttl: '10m', ...options })
  return { ...servers, clock, process }
}

/** Keys whose own slot lies on a server that lives. */
function living({ serverOf, down }: Servers): string[] {
  return KEYS.filter((key) => !down.has(serverOf(`2:v::${key}`)))
}

async function hits(cache: Cache, keys: readonly string[]): Promise<number> {
  const values = await cache.getMany(keys)
  return values.filter((value) => value !== undefined).length
}

describe.each(THREE)('server %s of three is away', (server) => {
  it('it costs its own keys and no more: the others hit, and are stored', async () => {
    const servers = world(3)
    const cache = servers.process()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.down.add(server)
    await servers.clock.advance(1_000)
    const share = living(servers)
    expect(share.length).toBeLessThan(KEYS.length)
    expect(await hits(cache, share)).toBe(share.length)
    expect(await hits(servers.process(), share)).toBe(share.length)
    const fresh = share.map((key) => `new ${key}`).filter((key) => servers.serverOf(`2:v::${key}`) !== server)
    for (const key of fresh) expect(await cache.getOrSet(key, () => 'loaded')).toBe('loaded')
    await turn()
    expect(await hits(servers.process(), fresh)).toBe(fresh.length)
  })

  it('a clear is delivered, and what was stored before it stays void when the server is back, with its data or empty', async () => {
    for (const end of ['with its data', 'empty'] as const) {
      const servers = world(3)
      const cache = servers.process()
      const other = servers.process()
      for (const key of KEYS) await cache.set(key, 'old')
      servers.down.add(server)
      await servers.clock.advance(1_000)
      expect(await cache.clear()).toBe('delivered')
      await servers.clock.advance(1_000)
      expect(await hits(other, KEYS)).toBe(0)
      if (end === 'empty') servers.restartEmpty(server)
      else servers.down.delete(server)
      await servers.clock.advance(1_000)
      expect(await hits(other, KEYS)).toBe(0)
      expect(await hits(servers.process(), KEYS)).toBe(0)
      expect(await hits(cache, KEYS)).toBe(0)
    }
  })

  it('back empty, it voids nothing on the others', async () => {
    const servers = world(3)
    const cache = servers.process()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.down.add(server)
    await servers.clock.advance(1_000)
    const share = living(servers)
    servers.restartEmpty(server)
    // Somebody stores again, and so seeds what is missing.
    await servers.process().set('seeds', 1)
    await servers.clock.advance(1_000)
    expect(await hits(cache, share)).toBe(share.length)
    expect(await hits(servers.process(), share)).toBe(share.length)
  })

  it('what was stored while it was away is there when it is back', async () => {
    const servers = world(3)
    servers.down.add(server)
    const cache = servers.process()
    const share = living(servers)
    for (const key of share) expect(await cache.set(key, 'stored')).toBe(true)
    servers.down.delete(server)
    await servers.clock.advance(1_000)
    expect(await hits(servers.process(), share)).toBe(share.length)
    await cache.clear()
    expect(await hits(servers.process(), share)).toBe(0)
  })
})

describe('several slots of a mark', () => {
  it('a clear that two of three servers did not hear is journaled, and delivered when one of them is back', async () => {
    const servers = world(3)
    const cache = servers.process()
    await cache.set('k', 1)
    servers.down.add(0).add(1)
    expect(await cache.clear()).toBe('journaled')
    servers.down.delete(0)
    await servers.clock.advance(2_000)
    expect(cache.stats().journaled).toBe(0)
    servers.down.clear()
    await servers.clock.advance(1_000)
    expect(await servers.process().get('k')).toBeUndefined()
  })

  it('who can read only one of three has no store', async () => {
    const servers = world(3)
    const cache = servers.process()
    for (const key of KEYS) await cache.set(key, 'stored')
    const alone = servers.process(new Set([0, 1]))
    expect(await hits(alone, KEYS)).toBe(0)
    expect(await alone.getOrSet('other', () => 'loaded')).toBe('loaded')
    expect(alone.stats().unleasedLoads).toBe(1)
  })

  it('of two processes that are cut off from one server each, one hears what the other has cleared', async () => {
    const servers = world(3)
    const [left, right] = [servers.process(new Set([0])), servers.process(new Set([2]))]
    for (const key of KEYS) await left.set(key, 'old')
    expect(await right.clear()).toBe('delivered')
    await servers.clock.advance(1_000)
    expect(await hits(left, KEYS)).toBe(0)
  })

  it('on two servers a clear needs both, and hits need one', async () => {
    const servers = world(2)
    const cache = servers.process()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.down.add(0)
    await servers.clock.advance(1_000)
    const share = living(servers)
    expect(await hits(servers.process(), share)).toBe(share.length)
    expect(await cache.clear()).toBe('journaled')
    servers.down.clear()
    await servers.clock.advance(2_000)
    expect(cache.stats().journaled).toBe(0)
    expect(await hits(servers.process(), KEYS)).toBe(0)
  })

  it('frames name one version where all slots hold the same', async () => {
    const servers = world(3)
    const cache = servers.process()
    await cache.set('k', 1)
    await cache.clear()
    const stored = async (key: string): Promise<number> => {
      await servers.process().set(key, 'v')
      const slot = `2:v::${key}`
      return (await servers.servers[servers.serverOf(slot)]?.get(slot))?.bytes.byteLength as number
    }
    const one = await stored('k')
    const away = THREE.find((server) => server !== servers.serverOf('2:v::k')) as number
    servers.down.add(away)
    expect(await stored('k')).toBe(one + 24)
  })

  it('outlive what is stored under them, each slot', async () => {
    const servers = world(3)
    const cache = servers.process()
    for (const key of KEYS) await cache.set(key, 'stored', { ttl: '90d' })
    await servers.clock.advance(80 * 86_400_000)
    for (const server of THREE) {
      servers.down.clear()
      servers.down.add(server)
      const share = living(servers)
      expect(await hits(servers.process(), share)).toBe(share.length)
    }
  })

  it('the epoch, too: tags of loaders are stored while a server is away', async () => {
    for (const server of THREE) {
      const servers = world(3)
      servers.down.add(server)
      const cache = servers.process()
      const key = living(servers)[0] as string
      const tag = THREE.map((number) => `t${number}`)
        .concat(KEYS)
        .find((name) => [`2:t::${name}`, `2:s::${name}`].every((slot) => servers.serverOf(slot) !== server)) as string
      await cache.getOrSet(key, ({ addTags }) => {
        addTags(tag)
        return 'tagged'
      })
      await turn()
      expect(await servers.process().get(key)).toBe('tagged')
      expect(await cache.invalidateTags([tag])).toBe('delivered')
      expect(await servers.process().get(key)).toBeUndefined()
    }
  })
})

describe('markGrace, where a mark has one slot', () => {
  const graced = { tagHold: '1s', markGrace: '10s' } as const

  /** Its mark is on its own server, as on a store that does not show its parts. */
  function oneSlot(): { servers: World; cache: Cache; marks: number } {
    const servers = world(3)
    const storeOf = servers.storeOf
    const store = { ...storeOf(), partOf: () => undefined }
    const cache = createCache({ store, clock: servers.clock, jitter: 0, ttl: '10m', ...graced })
    return { servers, cache, marks: servers.serverOf('2:n::') }
  }

  it('a mark that cannot be read is as it was read last, for so long after that read was sent', async () => {
    const { servers, cache, marks } = oneSlot()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.down.add(marks)
    const share = living(servers)
    await servers.clock.advance(9_000)
    expect(await hits(cache, share)).toBe(share.length)
    await servers.clock.advance(1_000)
    expect(await hits(cache, share)).toBe(0)
  })

  it('one that is missing is never believed', async () => {
    const { servers, cache, marks } = oneSlot()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.restartEmpty(marks)
    await servers.clock.advance(2_000)
    expect(await hits(cache, living(servers))).toBe(0)
  })

  it('nor is what this process has cleared since', async () => {
    const { servers, cache, marks } = oneSlot()
    for (const key of KEYS) await cache.set(key, 'stored')
    servers.down.add(marks)
    await servers.clock.advance(1_000)
    expect(await cache.clear()).toBe('journaled')
    expect(await hits(cache, living(servers))).toBe(0)
  })
})
