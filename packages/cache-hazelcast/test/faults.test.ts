import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { guardStore, StoreUnavailableError } from '@tiercel/cache-core/store'
import { parseStoreUrl } from '@tiercel/cache-core/store-kit'
import { afterAll, describe, expect, it } from 'vitest'
import { type HazelcastStore, hazelcastStore } from '../src/index.js'
import { memberProcess, startCluster, until } from './support/cluster.js'

const server = await startCluster()
const value = Buffer.from('value')

/** Runs what stands in `test/support/` in a process of its own. */
async function run(script: string, ...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--conditions=@tiercel/source',
      new URL(`support/${script}`, import.meta.url).pathname,
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  return { code, output }
}

describe('a client that never connects', () => {
  it('fails at once after its first attempt, and says why there is no connection', async () => {
    const fail = async (): Promise<{ first: number; later: number }> => {
      const store = hazelcastStore({ members: ['127.0.0.1:1'] })
      const began = performance.now()
      await expect(store.get('k')).rejects.toThrow(/not connected.*ECONNREFUSED/)
      const first = performance.now() - began
      for (let n = 0; n < 100; n++) await expect(store.set('k', value)).rejects.toBeInstanceOf(StoreUnavailableError)
      const later = performance.now() - began - first
      await store.close()
      return { first, later }
    }
    await expect.poll(async () => (await fail()).first).toBeLessThan(500)
    await expect.poll(async () => (await fail()).later).toBeLessThan(100)
  })

  it.each([
    ['refused', 'hazelcast://127.0.0.1:1'],
    ['accepted and never answered', ''],
  ])('closes while its connection is %s, prints nothing, and the process ends', async (_, url) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address() as { port: number }
    const ended = await run('close-while-connecting.ts', url || `hazelcast://127.0.0.1:${address.port}`)
    silent.close()
    expect(ended).toMatchObject({ code: 0, output: '' })
  })

  it.skipIf(server === undefined)('names the cause when the cluster has another name', async () => {
    const store = hazelcastStore({ url: server?.url ?? '', clusterName: 'another' })
    await expect(store.get('k')).rejects.toThrow(/cluster name/)
    await store.close()
  })
})

describe.skipIf(server === undefined || server.external)('members that fail', () => {
  const url = server?.url ?? ''

  it.each(['asks', 'tells'])(
    'leave the process its turn while their connections are dying, and the client %s them',
    async (how) => {
      // The client as it is would do so again and again, and nothing else would ever run.
      expect(await run('dying-connections.ts', url, how)).toMatchObject({ code: 0, output: 'goes on' })
    },
  )

  const ports = parseStoreUrl(url || 'hazelcast://none', ['hazelcast']).hosts.map(({ port }) => port ?? 0)
  afterAll(() => server?.stop())

  /** Reads one after the other while `during` runs, which is told how many have ended. */
  async function reading(store: HazelcastStore, during: (ended: () => number) => Promise<void>): Promise<void> {
    const guarded = guardStore(store)
    let running = true
    let ended = 0
    const reads = (async () => {
      for (; running; ended++) {
        await guarded.get(`key-${ended % 100}`).catch(() => {})
        // What an open breaker refuses takes no turn of the event loop: timers would never run.
        await turn()
      }
    })()
    await during(() => ended)
    running = false
    await reads
  }

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  it('a freeze costs each operation its deadline, and afterwards the store works without a restart', async () => {
    const store = hazelcastStore({ url })
    await store.set('key-0', value, { ttl: 60_000 })
    await reading(store, async (ended) => {
      await until('reads are answered', () => ended() > 10)
      await server?.freeze()
      const before = ended()
      // Each of them would wait for the thaw.
      await until('reads end in the frost', () => ended() > before + 100)
      await server?.thaw()
    })
    expect(await store.get('key-0')).toBeDefined()
    await store.close()
  })

  it('a freeze beyond the heartbeat is a lost connection: operations fail at once, then it is used again', async () => {
    const store = hazelcastStore({ url })
    await store.set('key-0', value, { ttl: 60_000 })
    const events: string[] = []
    await store.subscribe('frozen', () => events.push('message'), {
      onUp: () => events.push('up'),
      onDown: () => events.push('down'),
    })
    await server?.freeze()
    await until('the loss is noticed', () => events.includes('down'))
    await expect(store.get('key-0')).rejects.toBeInstanceOf(StoreUnavailableError)
    await server?.thaw()
    await until('the subscription stands again', () => events.length === 3)
    await store.publish('frozen', value)
    await until('the message arrives', () => events.length === 4)
    expect(events).toEqual(['up', 'down', 'up', 'message'])
    expect(await store.get('key-0')).toBeDefined()
    await store.close()
  })

  it('connects to every member, though it was told of one', async () => {
    const connected = new Set<number>()
    const hear = (message: unknown): void => {
      const { socket } = message as { socket: Socket }
      socket.once('connect', () => connected.add(socket.remotePort ?? 0))
    }
    subscribe('net.client.socket', hear)
    const [member] = parseStoreUrl(url, ['hazelcast']).hosts
    const store = hazelcastStore({ members: [`${member?.host}:${member?.port}`] })
    await store.ping()
    await until('both are connected', () => ports.every((port) => connected.has(port)))
    unsubscribe('net.client.socket', hear)
    await store.close()
  })

  it('of two members one may die: no value is lost, the store goes on and the bus stands again', async () => {
    const store = hazelcastStore({ url })
    const keys = Array.from({ length: 200 }, (_, index) => `kept-${index}`)
    await store.setMany(keys.map((key) => ({ key, bytes: value, ttl: 60_000 })))
    const channels = Array.from({ length: 4 }, (_, index) => `channel-${index}`)
    let heard = 0
    let standing = 0
    for (const channel of channels) {
      await store.subscribe(channel, () => heard++, { onUp: () => standing++, onDown: () => standing-- })
    }
    // Connected to both, so that the survivor is asked at once.
    await wait(600)
    process.kill(memberProcess(ports[0] ?? 0), 'SIGKILL')
    await until('all values are there', async () => {
      const found = await guardStore(store)
        .getMany(keys)
        .catch(() => [])
      return found.length === keys.length && found.every((entry) => entry?.bytes.byteLength === value.byteLength)
    })
    await until('the subscriptions stand', () => standing === channels.length)
    for (const channel of channels) await store.publish(channel, value)
    await until('the messages arrive', () => heard === channels.length)
    await store.set('after', value)
    await store.close()
  })
})
