import { createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { memcachedStore } from '../src/index.js'
import { decode } from '../src/memjs/message.js'
import { ReplyReader } from '../src/memjs/reply-reader.js'

// Items may be larger here than the store's maxValueBytes.
const server = process.env.TIERCEL_MEMCACHED_URL ? undefined : await startServer('memcached', { args: ['-I', '16m'] })
afterAll(() => server?.stop())
const url = server?.url ?? ''
const PLANTED_BYTES = 12_000_000

describe.skipIf(server === undefined)('a value that somebody has made larger than maxValueBytes', () => {
  it('is never held: it is nothing, alone and among others, and can be taken over', async () => {
    const planting = memcachedStore({ url, maxValueBytes: PLANTED_BYTES })
    const store = memcachedStore({ url, maxValueBytes: 10_000 })
    const planted = Buffer.alloc(PLANTED_BYTES, 'x')
    await planting.set('key', planted)
    await store.set('small', Buffer.from('small'))
    const joined = vi.spyOn(Buffer, 'concat')
    const found = await store.getMany(['small', 'key', 'small', 'key', 'none', 'small'])
    expect(found.map((entry) => entry?.bytes.byteLength)).toEqual([5, 0, 5, 0, undefined, 5])
    const most = Math.max(0, ...joined.mock.results.map(({ value }) => (value as Buffer).byteLength))
    joined.mockRestore()
    expect(most).toBeLessThan(PLANTED_BYTES / 4)
    expect(await store.compareAndSet('key', found[1]?.version ?? '', Buffer.from('new'))).toBeDefined()
    expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('new')
    await planting.set('key', planted)
    expect((await planting.get('key'))?.bytes.byteLength).toBe(PLANTED_BYTES)
    await Promise.all([planting.close(), store.close()])
  })

  it('is replaced by what a cache loads', async () => {
    const planting = memcachedStore({ url, maxValueBytes: PLANTED_BYTES })
    const cache = createCache({ store: memcachedStore({ url, maxValueBytes: 10_000 }) })
    await cache.getOrSet('k', () => 'first')
    await planting.set('2:v::k', Buffer.alloc(PLANTED_BYTES, 'x'))
    await expect
      .poll(async () => {
        expect(await cache.getOrSet('k', () => 'second')).toBe('second')
        return (await planting.get('2:v::k'))?.bytes.byteLength
      })
      .toBeLessThan(1_000)
    await Promise.all([planting.close(), cache.close()])
  })
})

describe('answers that are too long', () => {
  const answer = (sequence: number, value: string): Buffer => {
    const header = Buffer.alloc(24)
    header[0] = 0x81
    header[4] = 4
    header.writeUInt32BE(4 + value.length, 8)
    header.writeUInt32BE(sequence, 12)
    header.writeBigUInt64BE(BigInt(sequence), 16)
    return Buffer.concat([header, Buffer.alloc(4), Buffer.from(value)])
  }

  it('are dropped but for their heads wherever their pieces end, and leave what follows', () => {
    const all = Buffer.concat([answer(1, 'a'), answer(2, 'x'.repeat(60)), answer(3, ''), answer(4, 'x'.repeat(99))])
    const whole = Buffer.concat([all, answer(5, 'fits to it')])
    for (let cut = 0; cut <= whole.length; cut++) {
      for (let next = cut; next <= whole.length; next += 7) {
        const reader = new ReplyReader(24 + 4 + 10)
        const read: [bigint, string][] = []
        for (const piece of [whole.subarray(0, cut), whole.subarray(cut, next), whole.subarray(next)]) {
          reader.push(piece, (message) => {
            const { cas, value } = decode(message, 1)
            read.push([cas, value.toString()])
          })
        }
        expect(read).toEqual([
          [1n, 'a'],
          [2n, ''],
          [3n, ''],
          [4n, ''],
          [5n, 'fits to it'],
        ])
      }
    }
  })
})
