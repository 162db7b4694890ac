import { afterEach, beforeEach, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'
import { HardenedClient } from '../src/memjs/client.js'
import { Opcode } from '../src/memjs/protocol.js'
import { FakeServer, type Request } from './support/fake-server.js'

/** A server that accepts and does not answer: frozen, overloaded, or behind a broken network. */

const TIMEOUT_MS = 100
const bytes = (text: string): Buffer => Buffer.from(text)

let fake: FakeServer
let store: MemcachedStore
let held: Request[]

beforeEach(async () => {
  held = []
  fake = await FakeServer.start()
  store = memcachedStore({ servers: [fake.address], prefix: '', timeout: TIMEOUT_MS, connectTimeout: 200 })
})

afterEach(async () => {
  await store.close()
  await fake.stop()
})

/** From now on requests are held instead of answered. */
function freeze(): void {
  fake.script = (request) => {
    held.push(request)
    return 'nothing'
  }
}

/** Executes and answers what was held, in its order. */
function thaw(): void {
  fake.script = () => 'answer'
  for (const request of held.splice(0)) request.socket.write(fake.answer(request))
}

function hardenedClient(timings: { probeIntervalMs: number; connectTimeoutMs?: number }): HardenedClient {
  const address = { host: '127.0.0.1', port: fake.port, username: undefined, password: undefined }
  return new HardenedClient([address], {
    timeoutMs: TIMEOUT_MS,
    connectTimeoutMs: 500,
    maxReplyBytes: 1_048_576,
    ...timings,
  })
}

async function elapsed(operation: Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await operation.catch(() => {})
  return performance.now() - begun
}

it('a read says that it timed out, a write that it may have happened', async () => {
  await store.ping()
  freeze()
  const [read, write] = await Promise.allSettled([store.get('key'), store.set('key', bytes('value'))])
  expect(read).toMatchObject({ reason: { code: 'ERR_STORE_TIMEOUT' } })
  expect(write).toMatchObject({ reason: { code: 'ERR_AMBIGUOUS_WRITE' } })
})

it('once it is known to be silent, operations fail at once and nothing more is sent', async () => {
  await store.ping()
  freeze()
  await elapsed(store.get('key'))
  const sent = fake.requests.length
  for (const operate of [() => store.get('key'), () => store.set('key', bytes('value'))]) {
    await expect(operate()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect.poll(() => elapsed(operate())).toBeLessThan(TIMEOUT_MS / 2)
  }
  expect(fake.requests.length).toBe(sent)
})

it('when it speaks again the same connection is used at once', async () => {
  await store.set('key', bytes('value'))
  freeze()
  await elapsed(store.get('key'))
  thaw()
  await expect.poll(() => store.get('key').catch(() => undefined), { interval: 5 }).toBeDefined()
  expect(fake.connections).toBe(1)
})

it('a write that timed out is executed before everything that is sent later', async () => {
  await store.ping()
  freeze()
  await elapsed(store.set('key', bytes('old')))
  thaw()
  await expect.poll(() => store.delete('key').then(Boolean, () => undefined), { interval: 5 }).toBe(true)
  expect(await store.get('key')).toBeUndefined()
  expect(fake.commands.map(({ opcode }) => opcode)).toEqual([Opcode.Set, Opcode.Delete, Opcode.Get])
})

it('a slow answer that keeps coming is not silence', async () => {
  await store.set('key', Buffer.alloc(100_000, 1))
  fake.script = (request, server) => {
    const answer = server.answer(request)
    const pieces = 6
    for (let piece = 0; piece < pieces; piece++) {
      const part = answer.subarray((answer.length * piece) / pieces, (answer.length * (piece + 1)) / pieces)
      setTimeout(() => request.socket.write(part), piece * TIMEOUT_MS * 0.3)
    }
    return 'nothing'
  }
  expect((await store.get('key'))?.bytes.byteLength).toBe(100_000)
})

it('a connection that leads nowhere is replaced when a new one is answered', async () => {
  const client = hardenedClient({ probeIntervalMs: 30 })
  await client.set('key', 'value', {})
  fake.script = ({ connection }) => (connection === 1 ? 'nothing' : 'answer')
  await elapsed(client.get('key'))
  const value = async (): Promise<string | undefined> => {
    const found = await client.get('key').catch(() => undefined)
    return found?.value?.toString()
  }
  await expect.poll(value, { interval: 10 }).toBe('value')
  expect(fake.connections).toBe(2)
  client.close()
})

it('while new connections are not answered either, the old one is kept', async () => {
  const client = hardenedClient({ probeIntervalMs: 10, connectTimeoutMs: 50 })
  await client.set('key', 'value', {})
  freeze()
  await elapsed(client.set('key', 'late', {}))
  await expect.poll(() => fake.connections).toBeGreaterThan(3)
  thaw()
  await expect.poll(() => client.delete('key').catch(() => undefined), { interval: 5 }).toBe(true)
  const used = new Set(fake.commands.map(({ connection }) => connection))
  expect(used).toEqual(new Set([1]))
  client.close()
})

it('a server that accepts but never answers the first request is not reachable', async () => {
  freeze()
  await expect(store.set('key', bytes('value'))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  expect(fake.commands).toEqual([])
})

it('close settles what is under way, which it does not wait for without end', async () => {
  await store.ping()
  freeze()
  const operation = store.get('key')
  operation.catch(() => {})
  // The answer never comes: it is the timeout that ends this.
  await store.close()
  await expect(operation).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' })
})

it('close waits for answers that come', async () => {
  await store.set('key', bytes('value'))
  freeze()
  const operation = store.get('key')
  const closed = store.close()
  await expect.poll(() => held.length, { interval: 5 }).toBe(1)
  thaw()
  expect(Buffer.from((await operation)?.bytes ?? []).toString()).toBe('value')
  await closed
})
