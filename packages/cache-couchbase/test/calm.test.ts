import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import { type Cluster, connect } from 'couchbase'
import { afterAll, describe, expect, inject, it, vi } from 'vitest'
import { type Fate, KvProxy, Opcode, type Request, Status } from './support/kv-proxy.js'
import { storesOnTheWire } from './support/stores-on-the-wire.js'

const mock = inject('mock')
const proxy = mock === undefined ? undefined : await KvProxy.start(mock)

const WRITES: readonly number[] = [Opcode.upsert, Opcode.insert, Opcode.replace, Opcode.remove, Opcode.touch]
const ALL: readonly number[] = [Opcode.get, ...WRITES]

interface Trouble {
  readonly opcodes: readonly number[]
  readonly fate: Fate
}

/** What becomes of a cache's operations. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'fails for a while': { opcodes: ALL, fate: { status: Status.temporaryFailure } },
  'takes no writes for a while': { opcodes: WRITES, fate: { status: Status.temporaryFailure } },
  'has documents that are locked': { opcodes: WRITES, fate: { status: Status.locked } },
  'has no memory': { opcodes: WRITES, fate: { status: Status.noMemory } },
  'does not know the user any more': { opcodes: ALL, fate: { status: Status.authError } },
  'lets the user do nothing': { opcodes: ALL, fate: { status: Status.noAccess } },
  'lets the user only read': { opcodes: WRITES, fate: { status: Status.noAccess } },
  'has lost its collection': { opcodes: ALL, fate: { status: Status.unknownCollection } },
  'holds no document that it is asked for': { opcodes: ALL, fate: { status: Status.notMyVbucket } },
  'is too busy': { opcodes: ALL, fate: { status: Status.busy } },
  'has an internal error': { opcodes: ALL, fate: { status: Status.internalError } },
  'does not know the commands': { opcodes: ALL, fate: { status: Status.unknownCommand } },
  'answers with a status that nobody knows': { opcodes: ALL, fate: { status: 0x7f } },
}
/** How long each lasts, in milliseconds. */
const TROUBLE_MS = 400
/** Each of them would ask for its value and for what voids it. */
const CALLS = 100

describe.skipIf(proxy === undefined)('a cache on a cluster that', () => {
  const wire = proxy as KvProxy
  const { key, open, warm } = storesOnTheWire(wire, 'calm')
  const owned = (): Promise<Cluster> =>
    connect(`couchbase://${wire.hosts}`, { username: 'default', password: '', timeouts: { bootstrapTimeout: 20_000 } })
  const printed = [vi.spyOn(console, 'error'), vi.spyOn(process.stderr, 'write')]
  afterAll(() => expect(printed.flatMap((spy) => spy.mock.calls)).toEqual([]))

  /** By the prefix of the store that meets it. */
  const present = new Map<string, Trouble>()
  const meet = ({ key, opcode }: Request): Fate => {
    const trouble = present.get(key.slice(0, key.indexOf(':')))
    return trouble?.opcodes.includes(opcode) ? trouble.fate : undefined
  }

  it('has any kind of trouble serves the right values, and hits again afterwards', { timeout: 60_000 }, async () => {
    wire.fate = meet
    // One for all: so many logins at once would take the mock long.
    const cluster = await owned()
    await Promise.all(Object.entries(TROUBLES).map(([name, trouble]) => live(cluster, name, trouble)))
    await cluster.close()
  })

  async function live(client: Cluster, name: string, trouble: Trouble): Promise<void> {
    const prefix = name.replaceAll(' ', '-')
    const store = open({ client, bucket: 'default', prefix })
    await vi.waitFor(() => store.ping(), { timeout: 20_000 })
    const cache = createCache({ store, ttl: '1m' })
    const source = new Map(['a', 'b', 'c'].map((each) => [each, 0]))
    const read = (each: string): Promise<number | undefined> => cache.getOrSet(each, async () => source.get(each))
    await Promise.all([...source.keys()].map(read))
    present.set(prefix, trouble)
    const until = performance.now() + TROUBLE_MS
    for (let turn = 1; performance.now() < until; turn++) {
      const each = [...source.keys()][turn % source.size] as string
      source.set(each, turn)
      expect(await cache.delete(each), name).toBeOneOf(['delivered', 'journaled'])
      expect(await read(each), name).toBe(turn)
      await delay(5)
    }
    present.delete(prefix)
    const hits = async (): Promise<void> => {
      for (const [each, value] of source) {
        const loader = vi.fn(async () => value)
        expect(await cache.getOrSet(each, loader), name).toBe(value)
        expect(loader, name).not.toHaveBeenCalled()
      }
    }
    await vi.waitFor(hits, { timeout: 30_000, interval: 20 })
  }

  it('its owner has closed loads for itself, and journals its deletes', async () => {
    const cluster = await owned()
    const cache = createCache({ store: open({ client: cluster, bucket: 'default' }), ttl: '1m' })
    const changed = key()
    expect(await cache.getOrSet(changed, async () => 1)).toBe(1)
    await cluster.close()
    expect(await cache.delete(changed)).toBe('journaled')
    expect(await cache.getOrSet(changed, async () => 2)).toBe(2)
  })

  it('does not answer is hardly asked, however long the SDK would wait', async () => {
    const cache = createCache({ store: await warm({ prefix: 'patient', kvTimeout: '1m' }), ttl: '1m' })
    wire.requests.length = 0
    wire.fate = meet
    present.set('patient', { opcodes: ALL, fate: 'withhold' })
    for (let turn = 0; turn < CALLS; turn++) expect(await cache.getOrSet(key(), async () => turn)).toBe(turn)
    expect(wire.count(Opcode.get)).toBeLessThan(CALLS)
  })
})
