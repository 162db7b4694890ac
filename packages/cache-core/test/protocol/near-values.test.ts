import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../../src/entry/codec.js'
import { turn } from '../../src/testing/fake-clock.js'
import { load, setUpNear, unused } from '../support/near.js'

describe('what callers get of it', () => {
  const v8Codec: Codec = { name: 'v8', encode: serialize, decode: (bytes) => deserialize(Buffer.from(bytes)) }
  class Point {
    x: number

    constructor(x: number) {
      this.x = x
    }

    move(): void {
      this.x++
    }
  }
  const pointCodec: Codec = {
    name: 'point',
    encode: (value) => Buffer.from(JSON.stringify((value as { point: Point }).point.x)),
    decode: (bytes) => ({ point: new Point(JSON.parse(Buffer.from(bytes).toString())) }),
  }
  type Kind = [kind: string, make: () => object, change: (value: never) => void, codec: Codec | undefined]
  const apart: readonly Kind[] = [
    ['a Buffer', () => Buffer.from('abc'), (value: Buffer) => value.fill(0), undefined],
    ['a Map', () => new Map([['a', 1]]), (value: Map<string, number>) => value.set('a', 2), v8Codec],
    ['a Set', () => new Set([1]), (value: Set<number>) => value.add(2), v8Codec],
    ['a Date', () => new Date(1), (value: Date) => value.setTime(2), v8Codec],
    ['a Float64Array', () => Float64Array.of(1), (value: Float64Array) => value.fill(2), v8Codec],
    [
      'a Map in an object',
      () => ({ m: new Map([[1, 2]]) }),
      (value: { m: Map<number, number> }) => value.m.clear(),
      v8Codec,
    ],
    [
      'an instance of a class',
      () => ({ point: new Point(1) }),
      (value: { point: Point }) => value.point.move(),
      pointCodec,
    ],
  ]

  it.each(apart)('%s: each a copy of its own, which it may change', async (_, make, change, codec) => {
    const { cache } = await setUpNear({ near: {}, codec })
    for (let round = 0; round < 3; round++) {
      const value = await cache.getOrSet('k', make)
      await turn()
      expect(value).toEqual(make())
      change(value as never)
    }
    expect(cache.peek('k')).toEqual(make())
    expect(cache.stats().nearHits).toBe(3)
  })

  it('objects and arrays: all the same, frozen through and through, and never the one of the loader', async () => {
    const { cache } = await setUpNear({ near: {} })
    const own = { list: [{ deep: 1 }], text: 'x', nothing: null }
    const first = await load(cache, 'k', own)
    const second = await cache.getOrSet('k', unused)
    const third = await cache.getOrSet('k', unused)
    own.list.push({ deep: 2 })
    for (const value of [first, second, third]) {
      expect(value).toEqual({ list: [{ deep: 1 }], text: 'x', nothing: null })
      expect(() => value.list.push({ deep: 3 })).toThrow(TypeError)
      expect(() => Object.assign(value.list[0] as object, { deep: 3 })).toThrow(TypeError)
    }
    expect(third).toBe(second)
    expect(cache.peek('k')).toBe(second)
    expect(Object.isFrozen(own)).toBe(false)
  })

  it('what a codec makes with circles', async () => {
    const { cache } = await setUpNear({ near: {}, codec: v8Codec })
    const circle: { self?: unknown } = {}
    circle.self = circle
    await load(cache, 'k', circle)
    const value = cache.peek<typeof circle>('k')
    expect(value?.self).toBe(value)
    expect(Object.isFrozen(value)).toBe(true)
  })

  it("with 'clone' each its own, not frozen", async () => {
    const { cache } = await setUpNear({ near: { mutability: 'clone' } })
    for (let round = 0; round < 3; round++) {
      const value = await load(cache, 'k', { a: [1] })
      expect(value).toEqual({ a: [1] })
      value.a.push(2)
    }
  })

  it("with 'shared' all the same, not frozen", async () => {
    const { cache } = await setUpNear({ near: { mutability: 'shared' } })
    await load(cache, 'k', { a: [1] })
    cache.peek<{ a: number[] }>('k')?.a.push(2)
    expect(cache.peek('k')).toEqual({ a: [1, 2] })
  })

  it('is that of their own shape: another codec, version or validation asks the store', async () => {
    const { cache } = await setUpNear({ near: {} })
    await load(cache, 'k', { a: 1 })
    await cache.get('k')
    expect(cache.peek('k')).toEqual({ a: 1 })
    const strict = cache.configure({ validate: () => false })
    expect(strict.peek('k')).toBeUndefined()
    expect(await strict.get('k')).toBeUndefined()
    expect(cache.configure({ schemaVersion: 2 }).peek('k')).toBeUndefined()
    expect(cache.peek('k')).toEqual({ a: 1 })
  })

  it('of bytes that another codec has written: nothing', async () => {
    const { cache, another } = await setUpNear({ near: {} })
    await another({ near: false, codec: { ...v8Codec } }).cache.set('k', { a: 1 })
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.peek('k')).toBeUndefined()
    expect(await load(cache, 'k', { a: 2 })).toEqual({ a: 2 })
  })

  it('of a key that its codec deletes while it decodes it: what that weighed is forgotten', async () => {
    const deletes = { name: 'deletes', encode: jsonCodec.encode, decode: (_bytes: Uint8Array): unknown => undefined }
    const { cache } = await setUpNear({ near: {}, codec: deletes })
    deletes.decode = (bytes) => {
      if (cache.stats().nearEntries > 0) void cache.delete('k')
      return jsonCodec.decode(bytes)
    }
    await load(cache, 'k', { a: 1 })
    expect(cache.stats().nearEntries).toBe(1)
    cache.peek('k')
    expect(cache.stats()).toMatchObject({ nearEntries: 0, nearBytes: 0 })
  })
})
