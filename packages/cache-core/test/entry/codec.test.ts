import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidValueError } from '../../src/base/errors.js'
import { type Codec, jsonCodec } from '../../src/entry/codec.js'
import { decodeValue, encodeValue } from '../../src/entry/shape.js'
import { shapeWith } from '../support/shape-with.js'

const JSON_SHAPE = shapeWith({ codec: jsonCodec })

const roundTrip = (value: unknown): unknown => decodeValue(JSON_SHAPE, encodeValue(JSON_SHAPE, value))

describe('a value', () => {
  it.each([0, -1.5, '', 'text', false, true, null, [], {}, [[null]], { a: { b: [1, 'two'] } }])(
    '%j comes back',
    (value) => {
      expect(roundTrip(value)).toEqual(value)
    },
  )

  it('of any JSON comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('of any string comes back, lone surrogates too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(roundTrip(text)).toBe(text)
      }),
    )
    expect(roundTrip('\ud800')).toBe('\ud800')
  })

  it('of any bytes comes back as bytes, from a view too', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const back = roundTrip(bytes)
        expect(Buffer.isBuffer(back)).toBe(true)
        expect(Buffer.compare(back as Buffer, bytes)).toBe(0)
      }),
    )
    expect(roundTrip(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(Buffer.from([2, 3]))
    expect(roundTrip(runInNewContext('new Uint8Array([2, 3])'))).toEqual(Buffer.from([2, 3]))
  })

  it('of bytes is copied both ways', () => {
    const bytes = Buffer.from('before')
    const encoded = encodeValue(JSON_SHAPE, bytes)
    bytes.fill(0)
    const first = decodeValue(JSON_SHAPE, encoded) as Buffer
    first.fill(0)
    expect(decodeValue(JSON_SHAPE, encoded)).toEqual(Buffer.from('before'))
  })

  it('becomes what JSON makes of it: a Date a string, an instance a plain object', () => {
    class Point {
      constructor(readonly x: number) {}
      get double(): number {
        return this.x * 2
      }
    }
    expect(roundTrip({ at: new Date(0) })).toEqual({ at: '1970-01-01T00:00:00.000Z' })
    expect(roundTrip(new Point(3))).toEqual({ x: 3 })
    expect(roundTrip(Number.NaN)).toBeNull()
  })

  it('with a __proto__ of its own changes no prototype', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}, "deep": {"__proto__": {"polluted": true}}}')
    const back = roundTrip(value) as { deep: object }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(back.deep)).toBe(Object.prototype)
    expect(Object.hasOwn(back.deep, '__proto__')).toBe(true)
  })

  const circular: Record<string, unknown> = {}
  circular.self = circular
  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a circle', circular],
  ])('that is %s cannot be stored: InvalidValueError', (_, value) => {
    expect(() => encodeValue(JSON_SHAPE, value)).toThrow(InvalidValueError)
    expect(() => encodeValue(JSON_SHAPE, value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
  })

  it.each([
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a Date that is none', new Date(Number.NaN), null],
    ['Infinity', Number.POSITIVE_INFINITY, null],
    ['minus zero', -0, 0],
    ['undefined in a field', { a: undefined, b: 1 }, { b: 1 }],
    ['undefined in an array, and a hole', Object.assign([undefined, 1], { 3: 2 }), [null, 1, null, 2]],
    ['a function in a field', { a: () => {}, b: 1 }, { b: 1 }],
    ['a field named by a symbol', { [Symbol('s')]: 1, b: 1 }, { b: 1 }],
    ['boxed primitives', [Object(''), Object('ab'), Object(0), Object(false), {}], ['', 'ab', 0, false, {}]],
    [
      'a Buffer',
      { a: Buffer.from([1]), b: Buffer.alloc(0) },
      { a: { type: 'Buffer', data: [1] }, b: { type: 'Buffer', data: [] } },
    ],
    ['a URL', { a: new URL('http://localhost/') }, { a: 'http://localhost/' }],
    ['an Error that says its own form', Object.assign(new Error('m'), { toJSON: () => ({ is: 'm' }) }), { is: 'm' }],
    ['an object of another realm', runInNewContext('({ a: {}, b: [] })'), { a: {}, b: [] }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: Object.create(null) }), { a: {} }],
  ])('that is or holds %s is stored as JSON has it', (_, value, json) => {
    expect(roundTrip(value)).toStrictEqual(json)
  })

  class Sealed {
    readonly #hidden = 1
    get shown(): number {
      return this.#hidden
    }
  }
  class HttpError extends Error {
    readonly status = 404
  }

  const hidden: readonly [kind: string, object][] = [
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set()],
    ['a RegExp', /x/],
    ['an Error', new Error('message')],
    ['a HttpError', new HttpError('message')],
    ['an Error', Object.assign(new Error('message'), { code: 'ECONNREFUSED', errno: -111 })],
    ['a TypeError', runInNewContext('new TypeError("message")')],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a Float32Array', Float32Array.of(0.5)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['a Promise', Promise.resolve(1)],
    ['a Symbol', Object(Symbol('s'))],
  ]
  const empty: typeof hidden = [
    ['a DOMException', new DOMException('message', 'AbortError')],
    // Servers that other suites start in this process put a class of their own there.
    [`a ${Response.name}`, new Response('body')],
    ['a Headers', new Headers({ a: '1' })],
    ['a URLSearchParams', new URLSearchParams('a=1')],
    ['a Sealed', new Sealed()],
  ]

  it.each([...hidden, ...empty])('that is or holds %s is refused, and where it stands is said', (kind, object) => {
    const why = `the value cannot be stored: JSON would lose what is in ${kind}`
    const refused = (message: string): unknown => expect.objectContaining({ name: 'InvalidValueError', message })
    expect(() => encodeValue(JSON_SHAPE, object)).toThrow(refused(why))
    expect(() => encodeValue(JSON_SHAPE, [{}, { a: object }])).toThrow(refused(`${why} at 1.a`))
    const saysSo = { toJSON: () => ({ b: object }) }
    expect(() => encodeValue(JSON_SHAPE, [{}, { a: saysSo }])).toThrow(refused(`${why} at 1.a.b`))
  })

  it.each(hidden)('that is %s with fields beside its content is refused as well', (kind, object) => {
    expect(() => encodeValue(JSON_SHAPE, Object.assign(object, { more: 'fields' }))).toThrow(`what is in ${kind}`)
  })

  it('that a codec turns into something else than bytes cannot be stored', () => {
    const codec: Codec = { name: 'test', encode: () => 'text' as never, decode: () => undefined }
    expect(() => encodeValue(shapeWith({ codec }), {})).toThrow('the codec returned no bytes')
  })

  it('goes through a codec of the application', () => {
    const codec: Codec = {
      name: 'test',
      encode: (value) => Buffer.from(`!${String(value)}`),
      decode: (bytes) => BigInt(Buffer.from(bytes).toString().slice(1)),
    }
    const shape = shapeWith({ codec })
    expect(decodeValue(shape, encodeValue(shape, 12n))).toBe(12n)
    expect(decodeValue(shape, encodeValue(shape, 'plain'))).toBe('plain')
  })
})
