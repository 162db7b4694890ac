import { AmbiguousWriteError } from '@tiercel/cache-core/store'
import { HazelcastInstanceNotActiveError, IOError } from 'hazelcast-client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type HazelcastStore, hazelcastStore } from '../src/index.js'
import type { HazelcastClient } from '../src/options.js'
import { connectClient, freshMap } from './support/cluster.js'

const url = inject('cluster')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What the client is made of inside, as far as these tests break it. */
interface Invocation {
  /** Set for messages to one certain connection: heartbeats. */
  readonly connection?: unknown
}

interface Internals {
  getInvocationService(): {
    send(invocation: Invocation, connection: unknown): Promise<void>
    notifyError(invocation: Invocation, error: Error): void
    processResponse(message: { getCorrelationId(): number }): void
    pending: Map<number, Invocation>
  }
}

const isHeartbeat = ({ connection }: Invocation): boolean => connection !== undefined

describe.skipIf(url === undefined)('the client and a write that may have been executed', () => {
  let client: HazelcastClient
  let service: ReturnType<Internals['getInvocationService']>
  let real: Pick<typeof service, 'send' | 'processResponse'>
  /** Sent since the last fault. */
  let sent = 0

  beforeAll(async () => {
    client = await connectClient({ url: url ?? '' })
    service = (client as HazelcastClient & Internals).getInvocationService()
    real = { send: service.send, processResponse: service.processResponse }
  })
  afterEach(() => Object.assign(service, real))
  afterAll(() => client.shutdown())

  /** The next operation is executed, and answered as if by a member that is shutting down, which the client retries. */
  function answerIsLost(): void {
    sent = 0
    let first: Invocation | undefined
    service.send = (invocation, connection) => {
      if (isHeartbeat(invocation)) return real.send.call(service, invocation, connection)
      sent++
      first ??= invocation
      return real.send.call(service, invocation, connection)
    }
    service.processResponse = (message) => {
      if (first === undefined || service.pending.get(message.getCorrelationId()) !== first) {
        return real.processResponse.call(service, message)
      }
      service.processResponse = real.processResponse
      service.notifyError(first, new HazelcastInstanceNotActiveError('shutting down'))
    }
  }

  /** The operation after `skip` others is executed, its answer is lost and the socket reports an error for it. */
  function writeFailsLate(skip = 0): void {
    sent = -skip
    let first: Invocation | undefined
    service.send = async (invocation, connection) => {
      if (isHeartbeat(invocation) || ++sent !== 1) return real.send.call(service, invocation, connection)
      first = invocation
      await real.send.call(service, invocation, connection)
      await new Promise((resolve) => setTimeout(resolve, 100))
      throw new IOError('EPIPE')
    }
    service.processResponse = (message) => {
      const ofFirst = first !== undefined && service.pending.get(message.getCorrelationId()) === first
      if (!(ofFirst && sent === 1)) real.processResponse.call(service, message)
    }
  }

  async function openStore(): Promise<HazelcastStore> {
    const store = hazelcastStore({ client, map: freshMap() })
    await store.set('key', bytes('old'))
    return store
  }

  const writes: [string, (store: HazelcastStore, version: object) => Promise<unknown>][] = [
    ['set', (store) => store.set('key', bytes('new'))],
    ['add', (store) => store.add('absent', bytes('new'))],
    ['compareAndSet', (store, version) => store.compareAndSet('key', version, bytes('new'), { ttl: 'keep' })],
    ['delete', (store) => store.delete('key')],
    ['compareAndDelete', (store, version) => store.compareAndDelete('key', version)],
    ['touch', (store) => store.touch('key', 5_000)],
  ]

  it.each(writes)('%s whose answer is lost is ambiguous and is not sent again', async (_, write) => {
    const store = await openStore()
    const version = (await store.get('key'))?.version ?? {}
    answerIsLost()
    await expect(write(store, version)).rejects.toBeInstanceOf(AmbiguousWriteError)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent).toBe(1)
  })

  it('an add that the client sent once more, unasked, knows its own value', async () => {
    const store = await openStore()
    writeFailsLate()
    const version = await store.add('absent', bytes('new'))
    expect(sent).toBeGreaterThan(1)
    expect(version).toEqual((await store.get('absent'))?.version)
  })

  it('a compareAndSet that the client sent once more, unasked, knows its own value', async () => {
    const store = await openStore()
    const old = (await store.get('key'))?.version ?? {}
    writeFailsLate()
    const version = await store.compareAndSet('key', old, bytes('new'), { ttl: 'keep' })
    expect(sent).toBeGreaterThan(1)
    expect(version).toEqual((await store.get('key'))?.version)
  })

  it('an increment that the client sent once more, unasked, counts once', async () => {
    const store = await openStore()
    await store.increment('count', 1)
    // The first operation of an increment reads, the second one writes.
    writeFailsLate(1)
    expect(await store.increment('count', 1)).toBe(2)
    expect(sent).toBeGreaterThan(1)
    expect(await store.increment('count', 0)).toBe(2)
  })
})
