import { randomUUID } from 'node:crypto'
import { createCache } from '@tiercel/cache-core'
import type { IMap } from 'hazelcast-client'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { frameBytesOf, withRawValues } from '../src/entries.js'
import { type FrameReader, limitFrames } from '../src/frame-limit.js'
import { type HazelcastStore, hazelcastStore } from '../src/index.js'
import type { HazelcastClient } from '../src/options.js'
import { connectClient, freshMap, until } from './support/cluster.js'

const url = inject('cluster')
const MAX_VALUE_BYTES = 1_100_000
const bytes = (text: string): Buffer => Buffer.from(text)
const textOf = (entry: { readonly bytes: Uint8Array } | undefined): string => Buffer.from(entry?.bytes ?? []).toString()

/** Serialized data of any type and content, as another client could write it. */
async function dataMaker(client: HazelcastClient): Promise<(type: number, content: Buffer, hash?: number) => unknown> {
  const map: IMap<string, unknown> = await client.getMap(freshMap())
  await map.set('number', 1)
  const number = (await withRawValues(map as IMap<string, Buffer>).get('number')) as object
  const Data = number.constructor as new (bytes: Buffer) => unknown
  return (type, content, hash = 0) => {
    const head = Buffer.alloc(8)
    head.writeInt32BE(hash)
    head.writeInt32BE(type, 4)
    return new Data(Buffer.concat([head, content]))
  }
}

const array = (length: number, content: string): Buffer => {
  const head = Buffer.alloc(4)
  head.writeInt32BE(length)
  return Buffer.concat([head, Buffer.from(content)])
}

describe.skipIf(url === undefined)('what another writer of the map has planted', () => {
  let client: HazelcastClient
  let planted: readonly (readonly [what: string, value: unknown])[]
  beforeAll(async () => {
    client = await connectClient({ url: url ?? '' })
    const data = await dataMaker(client)
    planted = [
      ['a text', 'text'],
      ['a number', 7],
      ['a truth', true],
      ['no text', ''],
      ['a list', [1, 'two']],
      ['a date', new Date(0)],
      ['an array that is null', data(-12, array(-1, ''))],
      ['an array longer than it says', data(-12, array(3, 'and sixteen bytes more'))],
      ['an array shorter than it says', data(-12, array(1_000, 'sixteen bytes or so'))],
      ['an array without its length', data(-12, Buffer.alloc(2))],
      ['an array under a hash', data(-12, array(20, 'x'.repeat(20)), 7)],
      ['a text longer than it is', data(-11, array(0x7fff_fff0, 'x'))],
      ['an array of numbers that it has not', data(-17, array(0x7fff_fff0, 'x'))],
      ['a Java object', data(-100, bytes('\xac\xed'))],
      ['a portable of an unknown factory', data(-1, Buffer.alloc(20, 1))],
      ['a compact of an unknown schema', data(-55, Buffer.alloc(20, 1))],
      ['JSON', data(-130, array(1_000_000, '{'))],
      ['a type that nobody has', data(1_234_567, bytes('x'))],
    ]
  })
  afterAll(() => client.shutdown())

  it('of any type is a miss, alone and among others, and is replaced', async () => {
    const map = freshMap()
    const stores = [hazelcastStore({ client, map }), hazelcastStore({ url: clusterUrl(map) })]
    for (const store of stores) {
      const entries: IMap<string, unknown> = await client.getMap(map)
      await store.set('other', bytes('other'))
      for (const [what, value] of planted) {
        await entries.set('tiercel:key', value)
        expect([what, await store.get('key')]).toEqual([what, undefined])
        const both = await store.getMany(['key', 'other'])
        expect([what, both.map(textOf)]).toEqual([what, ['', 'other']])
        expect([what, await store.compareAndSet('key', bytes('x'), bytes('no'))]).toEqual([what, undefined])
        expect([what, await store.add('key', bytes('ours'))]).toEqual([what, expect.anything()])
        expect([what, textOf(await store.get('key'))]).toEqual([what, 'ours'])
        expect(await store.add('key', bytes('again'))).toBeUndefined()
      }
      expect(store.capabilities.compareAndSet).toBe(true)
      await store.close()
    }
  })

  it('turns no cache off: in every slot of a key, its namespace and its tag', async () => {
    const map = freshMap()
    const entries: IMap<string, unknown> = await client.getMap(map)
    for (const [what, value] of planted) {
      const cache = createCache({ store: hazelcastStore({ client, map }), tagHold: 0 })
      const load = (): Promise<string> => cache.getOrSet('key', () => 'loaded', { tags: ['tag'] })
      await load()
      for (const slot of await entries.keySet()) await entries.set(slot, value)
      await cache.close()
      const next = createCache({ store: hazelcastStore({ client, map }), tagHold: 0 })
      let loads = 0
      const count = (): string => `${++loads}`
      await expect
        .poll(async () => {
          const before = loads
          await next.getOrSet('key', count, { tags: ['tag'] })
          return [what, loads - before]
        })
        .toEqual([what, 0])
      await next.close()
    }
  })

  it('on the bus is passed over, and messages behind it are heard', async () => {
    const store = hazelcastStore({ client })
    const channel = randomUUID()
    const heard: string[] = []
    const events: string[] = []
    await store.subscribe(channel, (message) => heard.push(Buffer.from(message).toString()), {
      onDown: () => events.push('down'),
    })
    const ring = await client.getRingbuffer<unknown>(`tiercel:tiercel:${channel}`)
    for (const [, value] of planted) await ring.add(value)
    await store.publish(channel, bytes('ours'))
    await until('ours arrived', () => heard.includes('ours'))
    expect(events).toEqual([])
    await store.close()
  })

  describe('and is larger than maxValueBytes', () => {
    const PLANTED_BYTES = 10_000_000
    let store: HazelcastStore
    let map: string
    beforeAll(async () => {
      map = freshMap()
      store = hazelcastStore({ url: clusterUrl(map), maxValueBytes: MAX_VALUE_BYTES })
      await store.set('other', bytes('other'))
    })
    afterAll(() => store.close())

    const plant = async (): Promise<void> => {
      const entries: IMap<string, unknown> = await client.getMap(map)
      await entries.set('tiercel:key', Buffer.alloc(PLANTED_BYTES, 'x'))
    }

    it('is never held: not by a read, a batch, an add nor a delete', async () => {
      await plant()
      // The client joins the pieces of an answer when it has them all.
      const joined = vi.spyOn(Buffer, 'concat')
      // All at once, and after the first: what is dropped of one answer leaves the next one whole.
      const many = await Promise.all(Array.from({ length: 4 }, () => store.getMany(['key', 'other'])))
      expect(many.map((both) => both.map(textOf))).toEqual(Array.from({ length: 4 }, () => ['', 'other']))
      expect(await store.get('key')).toBeUndefined()
      expect(textOf(await store.get('other'))).toBe('other')
      expect(await store.add('key', bytes('ours'))).toBeDefined()
      expect(textOf(await store.get('key'))).toBe('ours')
      await plant()
      expect(await store.delete('key')).toBe(true)
      const most = Math.max(0, ...joined.mock.results.map(({ value }) => (value as Buffer).byteLength))
      joined.mockRestore()
      expect(most).toBeLessThan(PLANTED_BYTES / 4)
    })

    it('is replaced by what a cache loads, and what fits to the last byte is not', async () => {
      await plant()
      const whole = Buffer.alloc(MAX_VALUE_BYTES, 'y')
      await store.set('whole', whole)
      expect(whole.equals((await store.get('whole'))?.bytes ?? whole.subarray(1))).toBe(true)
      const cache = createCache({ store })
      expect(await cache.getOrSet('k', () => 'first')).toBe('first')
      const entries: IMap<string, unknown> = await client.getMap(map)
      const slot = [...(await entries.keySet())].find((name) => name.endsWith(':v::k')) ?? ''
      await entries.set(slot, Buffer.alloc(PLANTED_BYTES, 'x'))
      await expect
        .poll(async () => {
          expect(await cache.getOrSet('k', () => 'second')).toBe('second')
          return ((await entries.get(slot)) as Buffer).byteLength
        })
        .toBeLessThan(1_000)
      await cache.close()
    })
  })
})

function clusterUrl(map: string): string {
  return `${(url ?? '').slice(0, (url ?? '').lastIndexOf('/'))}/${map}`
}

describe('frames that are too large', () => {
  /** As the client's reader has it: frames are cut out of what has come. */
  class Reader implements FrameReader {
    chunks: Buffer[] = []
    chunksTotalSize = 0
    frameSize = 0
    readonly frames: string[] = []
    append(chunk: Buffer): void {
      this.chunks.push(chunk)
      this.chunksTotalSize += chunk.byteLength
    }
    readFrameSizeAndFlags(): void {
      this.frameSize = Buffer.concat(this.chunks).readInt32LE(0)
    }
    read(): void {
      while (this.chunksTotalSize >= 6) {
        if (this.frameSize === 0) this.readFrameSizeAndFlags()
        if (this.chunksTotalSize < this.frameSize) return
        const all = Buffer.concat(this.chunks)
        this.frames.push(`${all.readUInt16LE(4)} ${all.subarray(6, this.frameSize)}`)
        this.chunks = [all.subarray(this.frameSize)]
        this.chunksTotalSize -= this.frameSize
        this.frameSize = 0
      }
    }
  }

  const unexpected = (): never => {
    throw new Error('each is a frame')
  }

  it('are dropped wherever their pieces end, and leave what follows', () => {
    const frame = (flags: number, content: string): Buffer => {
      const head = Buffer.alloc(6)
      head.writeInt32LE(6 + content.length)
      head.writeUInt16LE(flags, 4)
      return Buffer.concat([head, Buffer.from(content)])
    }
    const large = 'x'.repeat(40)
    const all = Buffer.concat([frame(1, 'a'), frame(2, large), frame(3, ''), frame(4, large), frame(5, 'fits to it')])
    for (let cut = 0; cut <= all.length; cut++) {
      for (let next = cut; next <= all.length; next += 3) {
        const reader = new Reader()
        limitFrames(reader, 16, Buffer.from('none'), unexpected)
        for (const piece of [all.subarray(0, cut), all.subarray(cut, next), all.subarray(next)]) {
          reader.append(piece)
          reader.read()
        }
        expect(reader.frames).toEqual(['1 a', '2 none', '3 ', '4 none', '5 fits to it'])
      }
    }
    expect(frameBytesOf(10)).toBe(6 + 8 + 4 + 16 + 10)
  })

  it.each([-1, 0, 5, 0x61727473])(
    'that say they are %d bytes are none: told once, and nothing after them is read',
    (length) => {
      const reader = new Reader()
      const told = vi.fn()
      limitFrames(reader, 16, Buffer.from('none'), told)
      const head = Buffer.alloc(6)
      head.writeInt32LE(length)
      for (const piece of [head, Buffer.alloc(100), head]) {
        reader.append(piece)
        reader.read()
      }
      expect(told).toHaveBeenCalledTimes(1)
      expect(reader.frames).toEqual([])
      expect(reader.chunksTotalSize).toBe(0)
    },
  )
})
