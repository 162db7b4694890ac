import { createCache } from '@tiercel/cache-core'
import { type Store, StoreUnavailableError } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { ReplyLengths } from '../src/reply-lengths.js'
import { bytes, bytesSent, openClient, openStore, uniquePrefix } from './support/stores.js'

const server = await startServer('redis')
const url = server?.url ?? ''
afterAll(() => server?.stop())

/** More than the buffers of two sockets hold. */
const PLANTED_BYTES = 64_000_000

describe.skipIf(server === undefined)('a value that somebody has made larger than maxValueBytes', () => {
  async function planted(): Promise<{ store: Store; key: string; sent: () => Promise<number> }> {
    const prefix = uniquePrefix()
    const store = openStore({ url, prefix, maxValueBytes: 10_000 })
    const client = openClient(url)
    await store.set('small', bytes('small'))
    await store.set('key', bytes('value'))
    await client.setrange(`${prefix}:key`, PLANTED_BYTES, 'x')
    const outputBytes = bytesSent(client)
    const before = await outputBytes()
    return { store, key: `${prefix}:key`, sent: async () => (await outputBytes()) - before }
  }

  it('is read no further than that: it is nothing, and can be taken over', async () => {
    const { store, sent } = await planted()
    const entry = await store.get('key')
    expect(entry?.bytes.byteLength).toBe(0)
    expect(await sent()).toBeLessThan(100_000)
    expect(await store.compareAndSet('key', entry?.version ?? '', bytes('new'))).toBeDefined()
    expect((await store.get('key'))?.bytes.toString()).toBe('new')
  })

  it('costs a batch its connection, and from then on is found in batches, too', async () => {
    const { store, sent } = await planted()
    await expect(store.getMany(['small', 'key'])).rejects.toThrow(StoreUnavailableError)
    expect(await sent()).toBeLessThan(PLANTED_BYTES / 2)
    await expect
      .poll(() =>
        store.ping().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    const [small, large] = await store.getMany(['small', 'key'])
    expect(Buffer.from(small?.bytes ?? []).toString()).toBe('small')
    expect(large?.bytes.byteLength).toBe(0)
    expect(await sent()).toBeLessThan(PLANTED_BYTES / 2)
  })

  it('is read no further on a client of the caller’s, alone or among others', async () => {
    const prefix = uniquePrefix()
    const client = openClient(url)
    await client.setrange(`${prefix}:key`, PLANTED_BYTES, 'x')
    await client.lpush(`${prefix}:list`, 'x')
    const outputBytes = bytesSent(client)
    const before = await outputBytes()
    const store = openStore({ client, prefix, maxValueBytes: 10_000 })
    await store.set('small', bytes('small'))
    const found = await store.getMany(['small', 'key', 'list', 'none', 'small'])
    expect(found.map((entry) => entry && Buffer.from(entry.bytes).toString())).toEqual([
      'small',
      '',
      undefined,
      undefined,
      'small',
    ])
    expect((await store.get('key'))?.bytes.byteLength).toBe(0)
    expect((await outputBytes()) - before).toBeLessThan(100_000)
    expect(client.status).toBe('ready')
    expect(await store.compareAndSet('key', found[1]?.version ?? '', bytes('new'))).toBeDefined()
  })

  it('is read by MGET where the caller’s user may run no scripts', async () => {
    const admin = openClient(url)
    await admin.call('ACL', 'SETUSER', 'no-scripts', 'on', '>pass', '~*', '&*', '+@all', '-evalsha', '-eval')
    const client = openClient(url, { username: 'no-scripts', password: 'pass' })
    const store = openStore({ client, prefix: uniquePrefix() })
    await store.set('key', bytes('value'))
    for (let round = 0; round < 2; round++) {
      const [found, none] = await store.getMany(['key', 'none'])
      expect([Buffer.from(found?.bytes ?? []).toString(), none]).toEqual(['value', undefined])
    }
  })

  it('is replaced by what a cache loads', async () => {
    const prefix = uniquePrefix()
    const cache = createCache({ store: openStore({ url, prefix, maxValueBytes: 10_000 }) })
    const client = openClient(url)
    await cache.getOrSet('key', () => 'first')
    const [key = ''] = (await client.keys(`${prefix}:*`)).filter((name) => name.endsWith(':key'))
    await client.setrange(key, PLANTED_BYTES, 'x')
    await expect
      .poll(async () => {
        await cache.getOrSet('key', () => 'second').catch(() => {})
        return client.strlen(key)
      })
      .toBeLessThan(1_000)
    expect(await cache.getOrSet('key', () => 'third')).toBe('second')
    await cache.close()
  })

  it('fits to the last byte', async () => {
    const store = openStore({ url, prefix: uniquePrefix(), maxValueBytes: 10_000 })
    const whole = Buffer.alloc(10_000, 'x')
    await store.set('key', whole)
    expect((await store.get('key'))?.bytes).toEqual(whole)
    expect((await store.getMany(['key', 'key']))[1]?.bytes).toEqual(whole)
  })
})

describe('the lengths of replies', () => {
  const replies = Buffer.from(
    '*4\r\n$5\r\nvalue\r\n$-1\r\n$0\r\n\r\n$12\r\n$99999\r\n*3\r\n\r\n:42\r\n+OK\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\n\n\r\n_\r\n,1.5\r\n=7\r\ntxt:abc\r\n',
  )

  it('are found wherever the pieces end, and nothing in a value is taken for one', () => {
    for (let cut = 0; cut <= replies.length; cut++) {
      for (let next = cut; next <= replies.length; next += 7) {
        const lengths = new ReplyLengths(12)
        const pieces = [replies.subarray(0, cut), replies.subarray(cut, next), replies.subarray(next)]
        expect(pieces.map((piece) => lengths.tooLarge(piece))).toEqual([undefined, undefined, undefined])
        expect([Buffer.from('$1'), Buffer.from('3\r\n')].map((piece) => lengths.tooLarge(piece))).toEqual([
          undefined,
          13,
        ])
      }
    }
  })

  it('of a line that never ends is its own', () => {
    expect(new ReplyLengths(12).tooLarge(Buffer.alloc(100_000, '+'))).toBe(100_000)
  })
})
