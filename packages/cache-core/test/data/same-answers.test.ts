import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/data/cache.js'
import type { CacheOptions } from '../../src/data/options.js'
import { type Codec, jsonCodec } from '../../src/entry/codec.js'
import { v8Codec } from '../../src/entry/v8-codec.js'
import { linked, unused } from '../support/near.js'
import { setUp } from '../support/set-up.js'

class Point {
  x = 1
  move(): void {
    this.x++
  }
}

/** What a codec changes, or has to work for to keep. */
const values: readonly [kind: string, value: unknown, codec: Codec][] = [
  ['dates', { at: new Date(5), none: new Date(Number.NaN) }, jsonCodec],
  ['numbers that JSON has no form for', [Number.NaN, Number.POSITIVE_INFINITY, -0], jsonCodec],
  ['undefined and functions', { a: undefined, b: [undefined, () => {}], c() {} }, jsonCodec],
  ['an instance of a class', { point: new Point() }, jsonCodec],
  ['a Buffer in an object', { bytes: Buffer.from('abc') }, jsonCodec],
  ['a key named __proto__', JSON.parse('{"__proto__": {"a": 1}}'), jsonCodec],
  ['null', null, jsonCodec],
  ['bytes', new Uint8Array([1, 2, 3]), jsonCodec],
  ['text with a lone surrogate', 'a\ud800', jsonCodec],
  ['dates, maps, sets', { at: new Date(5), map: new Map([[{ k: 1 }, new Set([1])]]) }, v8Codec],
  ['numbers and undefined', [Number.NaN, -0, 5n, undefined], v8Codec],
  ['an instance of a class', { point: new Point() }, v8Codec],
  ['an Error', { error: new RangeError('m', { cause: new Error('c') }) }, v8Codec],
  ['typed arrays', { floats: Float64Array.of(0.5), buffer: new ArrayBuffer(3) }, v8Codec],
]

const settings: readonly [string, Partial<CacheOptions>][] = [
  ['without a near cache', {}],
  ['with a near cache', { near: {} }],
  ["with a near cache, 'clone'", { near: { mutability: 'clone' } }],
  ["with a near cache, 'shared'", { near: { mutability: 'shared' } }],
  [
    'compressed and sealed',
    { compression: { algorithm: 'gzip', minBytes: 1 }, secrets: ['a secret of at least 32 characters'] },
  ],
]

/** The value on every way that it takes to a caller. */
async function answers(cache: Cache, another: Cache, value: unknown): Promise<Record<string, unknown>> {
  const made = { miss: await cache.getOrSet('k', () => value) }
  await cache.getOrSet('k', unused)
  const hits = {
    hit: await cache.getOrSet('k', unused),
    get: await cache.get('k'),
    getEntry: (await cache.getEntry('k'))?.value,
    getMany: (await cache.getMany(['k']))[0],
    getOrSetMany: (await cache.getOrSetMany(['k'], unused))[0],
    peek: cache.peek('k') ?? made.miss,
    inAnother: await another.get('k'),
    nearInAnother: await another.get('k'),
  }
  let previous: unknown
  await cache.expire('k')
  await cache.getOrSet('k', (load) => {
    previous = load.previous
    load.skip()
  })
  const many = await cache.getOrSetMany(['a', 'b'], () => [value, value])
  const wrapped = await cache.wrap(() => value, { name: 'w' })()
  await cache.set('s', value)
  const set = await cache.get('s')
  return { ...made, ...hits, previous, many: many[1], wrapped, set, pull: await cache.pull('s') }
}

describe.each(settings)('%s', (_, options) => {
  it.each(values)('%s: the same on a miss, a hit, in lists and in another process', async (_kind, value, codec) => {
    const { cache, another } = await linked(setUp({ ...options, codec, staleIfError: '1m' }))
    const other = await linked(another())
    const { miss, ...others } = await answers(cache, other.cache, value)
    expect(others).toStrictEqual(Object.fromEntries(Object.keys(others).map((way) => [way, miss])))
    // The loader's own object is handed to nobody.
    expect(Object(miss)).not.toBe(value)
  })
})
