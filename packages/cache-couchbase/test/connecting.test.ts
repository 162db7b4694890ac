import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Store,
  StoreClosedError,
  StoreError,
  StoreTimeoutError,
  StoreUnavailableError,
} from '@tiercel/cache-core/store'
import { describe, expect, inject, it, vi } from 'vitest'
import { type Answer, KvProxy, Opcode, type Request, Status } from './support/kv-proxy.js'
import { storesOnTheWire } from './support/stores-on-the-wire.js'

const mock = inject('mock')
const proxy = mock === undefined ? undefined : await KvProxy.start(mock)

const VALUE = Buffer.from('value')
const WRITES: readonly number[] = [Opcode.upsert, Opcode.insert, Opcode.replace, Opcode.remove, Opcode.increment]

describe.skipIf(proxy === undefined)('couchbase, as seen on the wire', () => {
  const wire = proxy as KvProxy
  const { key, open, warm } = storesOnTheWire(wire, 'connecting')

  describe('the keyspace', () => {
    const COLLECTION_ID = 8
    const named = ({ opcode }: Request): Answer | undefined =>
      opcode === Opcode.collectionId
        ? { extras: Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, COLLECTION_ID]) }
        : undefined

    it('is the scope and the collection of the options', async () => {
      wire.collections = true
      wire.fate = named
      const store = await warm({ scope: 'web', collection: 'pages' })
      await store.set(key(), VALUE)
      expect(wire.last(Opcode.collectionId).value.toString()).toBe('web.pages')
      expect(wire.last(Opcode.upsert).key.codePointAt(0)).toBe(COLLECTION_ID)
    })

    it('a collection that does not exist is said to be so', async () => {
      wire.collections = true
      wire.fate = ({ opcode }) => (opcode === Opcode.collectionId ? { status: Status.unknownCollection } : undefined)
      const store = open({ scope: 'web', collection: 'absent' })
      await failure(store, /collection/)
    })

    it('a bucket that does not exist is said to be so, and nothing is printed', async () => {
      const printed = vi.spyOn(console, 'error')
      const store = open({ url: `couchbase://default:@${wire.hosts}/absent` })
      await failure(store, /bucket not found/)
      expect(printed).not.toHaveBeenCalled()
    })
  })

  describe('connecting', () => {
    it('happens at the first operation, once for all that begin together', async () => {
      const store = open({ kvTimeout: '10s' })
      await delay(50)
      expect(wire.count(Opcode.hello)).toBe(0)
      await Promise.all([store.set(key(), VALUE), store.get(key()), store.ping()])
      const alone = wire.requests.filter(({ opcode }) => opcode === Opcode.hello).length
      // One connection of the cluster, and one of the bucket to each node.
      expect(alone).toBeLessThanOrEqual(3)
    })

    it('with a wrong password fails with that cause, at once in between, and works when it is right', async () => {
      wire.fate = ({ opcode }) => (opcode === Opcode.saslAuth ? { status: Status.authError } : undefined)
      const store = open({ kvTimeout: '10s' })
      const error = await store.set(key(), VALUE).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect((error as Error).message).toContain('authentication failure')
      const fail = async (): Promise<number> => {
        const begun = performance.now()
        await expect(store.get(key())).rejects.toThrow('authentication failure')
        return performance.now() - begun
      }
      await expect.poll(fail).toBeLessThan(100)
      wire.reset()
      await vi.waitFor(() => store.ping(), { timeout: 20_000 })
      await store.set(key(), VALUE)
    })

    it('to a server that does not answer is tried once at a time, and operations fail at once meanwhile', async () => {
      const sockets: Socket[] = []
      const attempts: number[] = []
      const silent = createServer((socket) => {
        sockets.push(socket)
        // The lookout connects, too, and says something else.
        socket.once('data', (bytes) => {
          if (bytes[1] === Opcode.hello) attempts.push(performance.now())
        })
      }).listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const store = open({ url: `couchbase://127.0.0.1:${port}/default`, kvTimeout: 100, connectTimeout: 600 })
      const failed = async (): Promise<number> => {
        const begun = performance.now()
        await expect(store.get(key())).rejects.toThrow(StoreUnavailableError)
        return performance.now() - begun
      }
      try {
        expect(await failed()).toBeGreaterThan(90)
        const took: number[] = []
        while (attempts.length < 2) {
          took.push(await failed())
          await delay(20)
        }
        // The deadline would be 100 ms for each.
        expect(took.sort((a, b) => a - b)[took.length >> 1]).toBeLessThan(50)
        // An attempt of 0.6 s, a pause, and the next.
        expect((attempts[1] ?? 0) - (attempts[0] ?? 0)).toBeGreaterThan(590)
      } finally {
        for (const socket of sockets) socket.destroy()
        silent.close()
      }
    })

    it('is done anew as soon as nodes are back that were gone: the SDK itself would wait for its next attempt', async () => {
      const store = await warm()
      const before = clustersIn(wire.requests)
      wire.setGone(true)
      // One question in vain is enough, since a breaker may ask the next one seconds later.
      await expect(store.get(key())).rejects.toThrow(StoreError)
      await vi.waitFor(() => expect(wire.refused).toBeGreaterThan(20), { timeout: 20_000 })
      wire.setGone(false)
      const since = (): string[] => [...clustersIn(wire.requests)].filter((cluster) => !before.has(cluster))
      await vi.waitFor(() => expect(since()).not.toEqual([]), { timeout: 20_000 })
      await vi.waitFor(() => store.ping(), { timeout: 20_000 })
    })

    it('is done anew when the peer of one connection is gone without a word, though another node answers', async () => {
      const store = await warm()
      const connectionOf = async (each: string): Promise<number> => {
        await store.get(each)
        return wire.last(Opcode.get).connection
      }
      const lost = key()
      const dead = await connectionOf(lost)
      let answered = key()
      while ((await connectionOf(answered)) === dead) answered = key()
      wire.fate = ({ connection }) => (connection === dead ? 'withhold' : undefined)
      await vi.waitFor(
        async () => {
          await store.get(answered)
          await store.get(lost)
        },
        { timeout: 20_000 },
      )
      expect(wire.last(Opcode.get).connection).toBeGreaterThan(dead)
    })

    it('ends with close, whatever waits for it', async () => {
      const store = open({ url: 'couchbase://127.0.0.1:1/default', kvTimeout: '10m', connectTimeout: '10m' })
      const pending = store.get(key())
      await store.close()
      await expect(pending).rejects.toThrow(StoreClosedError)
    })

    it('is done anew when the nodes belong to another cluster by now', async () => {
      const store = await warm({ kvTimeout: 500 })
      // Both nodes are connected to.
      await store.getMany(Array.from({ length: 20 }, key))
      const old = Math.max(...wire.requests.map(({ connection }) => connection))
      wire.fate = ({ opcode, connection }) =>
        connection <= old && (WRITES.includes(opcode) || opcode === Opcode.get)
          ? { status: Status.notMyVbucket }
          : undefined
      await expect(store.get(key())).rejects.toThrow(StoreTimeoutError)
      await vi.waitFor(() => store.set(key(), VALUE), { timeout: 20_000 })
    })
  })
})

/** Each cluster of the SDK names itself when it says hello. */
function clustersIn(requests: readonly Request[]): Set<string> {
  const names = requests
    .filter(({ opcode }) => opcode === Opcode.hello)
    .map((hello) => /"i":"([^/]+)/.exec(hello.key)?.[1])
  return new Set(names.filter((name) => name !== undefined))
}

/** The store says at last what is wrong, not only that it is still connecting. */
async function failure(store: Store, message: RegExp): Promise<void> {
  await vi.waitFor(() => expect(store.get('any')).rejects.toThrow(message), { timeout: 20_000 })
}
