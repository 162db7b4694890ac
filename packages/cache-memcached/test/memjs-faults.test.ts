import { ValueTooLargeError, type Version } from '@tiercel/cache-core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'
import { HardenedClient } from '../src/memjs/client.js'
import { MAX_SEQUENCE, Opcode } from '../src/memjs/protocol.js'
import { FakeServer, type Script } from './support/fake-server.js'

/** What memjs 1.3.2 gets wrong, each with a server that provokes it. `benchmarks/src/memjs-faults.ts` shows memjs itself. */

const TIMEOUT_MS = 100
const bytes = (text: string): Buffer => Buffer.from(text)

let fake: FakeServer
let store: MemcachedStore

beforeEach(async () => {
  fake = await FakeServer.start()
  // The fake server takes no more than memcached does by default; answers may be longer.
  store = memcachedStore({ servers: [fake.address], prefix: '', timeout: TIMEOUT_MS, maxValueBytes: 64 << 20 })
})

afterEach(async () => {
  await store.close()
  await fake.stop()
})

/** Runs `script` once, for the next request of this command. */
function once(opcode: number, script: Script): void {
  fake.script = (request, server) => {
    if (request.opcode !== opcode) return 'answer'
    server.script = () => 'answer'
    return script(request, server)
  }
}

async function text(key: string): Promise<string | undefined> {
  const entry = await store.get(key)
  return entry === undefined ? undefined : Buffer.from(entry.bytes).toString()
}

function hardenedClient(): HardenedClient {
  const address = { host: '127.0.0.1', port: fake.port, username: undefined, password: undefined }
  const bounds = { timeoutMs: TIMEOUT_MS, connectTimeoutMs: 1_000, probeIntervalMs: 50, maxReplyBytes: 16_777_216 }
  return new HardenedClient([address], bounds)
}

describe('answers in part', () => {
  it('half an answer before the connection is lost does not touch the next value', async () => {
    await store.set('key', bytes('the whole value'))
    once(Opcode.Get, (request, server) => {
      const answer = server.answer(request)
      request.socket.write(answer.subarray(0, answer.length - 4), () => request.socket.destroy())
      return 'nothing'
    })
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await text('key')).toBe('the whole value')
    expect(fake.connections).toBe(2)
  })

  it('half an answer that is completed after the timeout is dropped, and the next value is right', async () => {
    await store.set('key', bytes('the whole value'))
    let complete = (): void => {}
    once(Opcode.Get, (request, server) => {
      const answer = server.answer(request)
      request.socket.write(answer.subarray(0, 30))
      complete = () => request.socket.write(answer.subarray(30))
      return 'nothing'
    })
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    complete()
    await expect.poll(() => text('key').catch(() => 'silent')).toBe('the whole value')
    expect(fake.connections).toBe(1)
  })

  it('an answer that arrives byte by byte is read', async () => {
    await store.set('key', bytes('slow'))
    once(Opcode.Get, (request, server) => {
      void (async () => {
        for (const byte of server.answer(request)) {
          request.socket.write(Buffer.of(byte))
          await new Promise(setImmediate)
        }
      })()
      return 'nothing'
    })
    expect(await text('key')).toBe('slow')
  })

  it('a large value in small pieces costs time in proportion to its size', async () => {
    const cost = async (size: number): Promise<number> => {
      const value = Buffer.alloc(size, 7)
      once(Opcode.Get, (request) => {
        const header = Buffer.alloc(24)
        header[0] = 0x81
        header.writeUInt32BE(size, 8)
        header.writeUInt32BE(request.sequence, 12)
        header.writeBigUInt64BE(1n, 16)
        request.socket.write(header)
        for (let at = 0; at < size; at += 65_536) request.socket.write(value.subarray(at, at + 65_536))
        return 'nothing'
      })
      const before = process.cpuUsage()
      expect((await store.get('key'))?.bytes.byteLength).toBe(size)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    }
    await cost(1 << 20)
    let [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let round = 0; round < 3; round++) small = Math.min(small, await cost(8 << 20))
    // A pause of the machine adds to a measurement, so the least of several counts.
    const ratio = async (): Promise<number> => {
      small = Math.min(small, await cost(8 << 20))
      large = Math.min(large, await cost(64 << 20))
      return large / small
    }
    // Eight times the bytes: 8 where copying is linear, 64 where it is quadratic.
    await expect.poll(ratio).toBeLessThan(24)
  })
})

describe('lost connections', () => {
  it('a server that closes its side with an answer due ends the operation at once', async () => {
    once(Opcode.Get, (request) => {
      request.socket.end()
      return 'nothing'
    })
    // By the end of the connection, not by the timeout: that has a class of its own.
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await store.get('key')).toBeUndefined()
  })

  it('the end of an old connection does not reach the one after it', async () => {
    await store.set('key', bytes('value'))
    once(Opcode.Get, (request) => {
      // The server half-closes, and lets go only while the next operation is under way.
      request.socket.end()
      return 'nothing'
    })
    await expect(store.get('key')).rejects.toThrow()
    const answers = Array.from({ length: 20 }, () => text('key'))
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, () => 'value'))
    await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS))
    expect(await text('key')).toBe('value')
    expect(fake.connections).toBe(2)
  })

  const WRITES: Record<string, (version: Version) => Promise<unknown>> = {
    set: () => store.set('key', bytes('x')),
    add: () => store.add('another key', bytes('x')),
    compareAndSet: (version) => store.compareAndSet('key', version, bytes('x')),
    delete: () => store.delete('key'),
    compareAndDelete: (version) => store.compareAndDelete('key', version),
    increment: () => store.increment('counter', 1),
  }

  it.each(Object.entries(WRITES))(
    'a %s whose answer was lost is ambiguous, and is not sent twice',
    async (_, write) => {
      const version = (await store.add('key', bytes('lease'))) as Version
      const before = fake.commands.length
      fake.script = ({ opcode, socket }) => {
        if (opcode === Opcode.Noop) return 'answer'
        socket.destroy()
        return 'nothing'
      }
      await expect(write(version)).rejects.toMatchObject({ code: 'ERR_AMBIGUOUS_WRITE' })
      await store.ping()
      expect(fake.commands.length - before).toBe(1)
    },
  )

  it('an answer to nothing that was asked ends the connection, not the process', async () => {
    once(Opcode.Get, (request, server) => {
      request.socket.write(server.answer({ ...request, sequence: request.sequence + 1_000 }))
      return 'nothing'
    })
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await store.get('key')).toBeUndefined()
  })

  it('a server of another protocol is an error, not a crash', async () => {
    fake.script = ({ socket }) => {
      socket.write('-ERR unknown command of a server that is not memcached\r\n')
      return 'nothing'
    }
    await expect(store.get('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})

describe('requests', () => {
  it('requests of one turn leave together', async () => {
    await store.ping()
    fake.bursts.length = 0
    await Promise.all(Array.from({ length: 64 }, (_, index) => store.get(`key-${index}`)))
    expect(fake.bursts).toEqual([64])
  })

  it('operations go on beyond 2^31 of them', async () => {
    const client = hardenedClient()
    await client.set('key', 'value', {})
    client.seq = MAX_SEQUENCE - 2
    const values = await Promise.all(Array.from({ length: 5 }, () => client.get('key')))
    expect(values.map(({ value }) => value?.toString())).toEqual(Array.from({ length: 5 }, () => 'value'))
    const sequences = fake.commands.slice(1).map(({ sequence }) => sequence)
    expect(sequences).toEqual([MAX_SEQUENCE - 1, MAX_SEQUENCE, 1, 2, 3])
    client.close()
  })

  it('a key beyond 250 bytes fails alone', async () => {
    const client = hardenedClient()
    await client.set('neighbour', 'value', {})
    const [long, neighbour] = await Promise.allSettled([client.get('x'.repeat(251)), client.get('neighbour')])
    expect(long).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) })
    expect(neighbour).toMatchObject({ status: 'fulfilled' })
    expect(fake.connections).toBe(1)
    client.close()
  })

  it('a value beyond the limit is refused by its class, and the old one is gone', async () => {
    await store.set('key', bytes('old'))
    await expect(store.set('key', Buffer.alloc(1_048_576))).rejects.toThrow(ValueTooLargeError)
    expect(await store.get('key')).toBeUndefined()
  })

  it('a counter is right beyond 2^32', async () => {
    expect(await store.increment('counter', 2 ** 32)).toBe(4_294_967_296)
    expect(await store.increment('counter', 9)).toBe(4_294_967_305)
  })

  it("memjs's own commands work on the hardened servers", async () => {
    const client = hardenedClient()
    expect(await client.set('key', 'value', { expires: 60 })).toBe(true)
    expect(await client.add('key', 'value', {})).toBe(false)
    expect((await client.get('key')).value?.toString()).toBe('value')
    expect(await client.delete('key')).toBe(true)
    client.close()
    await expect(client.get('key')).rejects.toThrow('closed')
  })
})
