import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { v8Codec } from '../../src/entry/v8-codec.js'

const roundTrip = (value: unknown): unknown => v8Codec.decode(v8Codec.encode(value))

describe('a value', () => {
  const circle: { self?: unknown; date: Date } = { date: new Date(5) }
  circle.self = circle

  it.each([
    ['a Date', new Date(0)],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['k', { a: 1 }],
        [{}, new Set()],
      ]),
    ],
    ['a Set', new Set([1, [2]])],
    ['a RegExp', /x/gi],
    ['a bigint', 12n],
    ['undefined inside', { a: undefined, b: [undefined] }],
    ['NaN', Number.NaN],
    ['a Buffer', { bytes: Buffer.from('bytes') }],
    ['a typed array', { floats: new Float64Array([1.5, 2]) }],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
    ['minus zero and a hole', Object.assign([-0], { 2: 1 })],
    ['an array with fields', Object.assign([1], { a: 1 })],
    ['an Error and its cause', new RangeError('m', { cause: new Error('c') })],
    ['boxed primitives', [Object(''), Object(1), Object(1n), {}]],
    ['an empty object', { a: {}, b: Object.create(null) }],
    ['a circle', circle],
  ])('that is or holds %s comes back', (_, value) => {
    expect(roundTrip(value)).toEqual(value)
  })

  it('that is an Error keeps its message', () => {
    const error = roundTrip({ error: new RangeError('too much') }) as { error: RangeError }
    expect(error.error).toBeInstanceOf(RangeError)
    expect(error.error.message).toBe('too much')
  })

  it('of any structure comes back', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true }), (value) => {
        expect(roundTrip(value)).toEqual(value)
      }),
    )
  })

  class Sealed {
    readonly #hidden = 1
    get shown(): number {
      return this.#hidden
    }
  }

  class HttpError extends Error {
    override readonly name = 'HttpError'
  }

  it.each([
    ['a function', () => {}, 'could not be cloned'],
    ['a Response', new Response('body'), 'what is in a Response'],
    ['an instance with nothing but private fields', { list: [new Map([['k', new Sealed()]])] }, 'a Sealed at list.0.1'],
    ['a Promise', Promise.resolve(1), 'could not be cloned'],
    ['an Error with a code', [Object.assign(new Error('m'), { code: 'E' })], 'what is in an Error at 0'],
    [
      'an Error with such a cause',
      new Error('m', { cause: Object.assign(new Error('m'), { code: 'E' }) }),
      'Error at cause',
    ],
    ['an Error of a name of its own', new HttpError('m'), 'what is in a HttpError'],
    ['an AggregateError', new AggregateError([new Error('m')]), 'what is in an AggregateError'],
    ['a Map with fields', Object.assign(new Map(), { a: 1 }), 'what is in a Map'],
    ['a Set with fields', Object.assign(new Set(), { a: 1 }), 'what is in a Set'],
    ['a Date with fields', { at: Object.assign(new Date(), { a: 1 }) }, 'what is in a Date at at'],
    ['a RegExp with fields', Object.assign(/x/, { a: 1 }), 'what is in a RegExp'],
  ])('that is or holds %s is refused', (_, value, message) => {
    expect(() => v8Codec.encode(value)).toThrow(message)
  })

  it('of a typed array is a copy, for each reader', () => {
    const bytes = v8Codec.encode(new Uint8Array([1, 2, 3]))
    const first = v8Codec.decode(bytes) as Uint8Array
    first.fill(9)
    expect(v8Codec.decode(bytes)).toEqual(new Uint8Array([1, 2, 3]))
    expect(Buffer.from(first.buffer).includes('tiercel')).toBe(false)
  })
})

it('the name tells the version of the format', () => {
  expect(v8Codec.name).toMatch(/^v8-\d+$/)
})

it('bytes that are none of its own are an error, which the cache takes for a miss', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      if (bytes[0] !== 0xff) expect(() => v8Codec.decode(bytes)).toThrow(Error)
    }),
  )
})
