import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  type LeaseFrame,
  type Mark,
  TOKEN_BYTES,
  type ValueFrame,
  VERSION_BYTES,
} from '../../src/entry/frame.js'

/** The layout's own mark, the first byte. */
const GENERATION = 0xc2

const latin1 = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString('latin1'))
const time = fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.constant(Number.POSITIVE_INFINITY))
const marks: fc.Arbitrary<readonly Mark[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('namespace' as const, 'tag' as const, 'soft' as const, 'url' as const),
    name: fc.string({ unit: 'grapheme', maxLength: 40 }),
    version: fc.integer({ min: 1, max: 3 }).chain((slots) => latin1(slots * VERSION_BYTES)),
  }),
  { maxLength: 5 },
)
const values: fc.Arbitrary<ValueFrame> = fc
  .record({
    kind: fc.constant('value' as const),
    encoding: fc.constantFrom('bytes' as const, 'string' as const, 'codec' as const),
    shape: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { nil: undefined }),
    createdAt: time,
    freshUntil: time,
    revalidateUntil: time,
    keepUntil: time,
    loadMs: fc.nat(0xffff_ffff),
    marks,
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  })
  .map(({ createdAt, freshUntil, revalidateUntil, keepUntil, ...rest }) => {
    const [fresh, revalidate, keep] = [freshUntil, revalidateUntil, keepUntil].sort((a, b) => a - b)
    return { ...rest, createdAt, freshUntil: fresh, revalidateUntil: revalidate, keepUntil: keep } as ValueFrame
  })
const leases: fc.Arbitrary<LeaseFrame> = fc.record({
  kind: fc.constant('lease' as const),
  createdAt: time,
  leaseMs: fc.integer({ min: 1, max: 3_600_000 }),
  extension: fc.nat(),
  token: latin1(TOKEN_BYTES),
  marks,
})
const frames: fc.Arbitrary<Frame> = fc.oneof(values, leases)

describe('an entry frame', () => {
  it('comes back as it went in, whatever its bytes', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
      }),
    )
  })

  it('comes back from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(values, fc.nat(20), (frame, offset) => {
        const bytes = encodeFrame(frame)
        const pool = new Uint8Array(offset + bytes.byteLength + 7)
        pool.set(bytes, offset)
        expect(decodeFrame(pool.subarray(offset, offset + bytes.byteLength))).toEqual(frame)
      }),
    )
  })

  it('is dead when it is truncated anywhere', () => {
    fc.assert(
      fc.property(frames, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (frame, part) => {
        const bytes = encodeFrame(frame)
        expect(decodeFrame(bytes.subarray(0, Math.floor(part * bytes.byteLength)))).toBeUndefined()
      }),
    )
  })

  it('is dead when anything is appended', () => {
    fc.assert(
      fc.property(frames, fc.uint8Array({ minLength: 1, maxLength: 9 }), (frame, more) => {
        expect(decodeFrame(Buffer.concat([encodeFrame(frame), more]))).toBeUndefined()
      }),
    )
  })

  it('is dead when one bit is flipped', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (frame, seed) => {
        const bytes = encodeFrame(frame)
        const bit = seed % (bytes.byteLength * 8)
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(decodeFrame(bytes)).toBeUndefined()
      }),
    )
  })

  it('is dead when its generation is another', () => {
    fc.assert(
      fc.property(frames, fc.nat(255), (frame, generation) => {
        fc.pre(generation !== GENERATION)
        const bytes = encodeFrame(frame)
        bytes[0] = generation
        expect(decodeFrame(bytes)).toBeUndefined()
      }),
    )
  })

  it('is dead when the bytes are foreign', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeFrame(bytes)).toBeUndefined()
      }),
    )
  })

  it('is dead, though intact, with times that nobody writes', () => {
    const whole: ValueFrame = {
      kind: 'value',
      encoding: 'bytes',
      createdAt: 1,
      freshUntil: 2,
      revalidateUntil: 3,
      keepUntil: 4,
      loadMs: 0,
      marks: [],
      payload: Buffer.from('planted'),
    }
    expect(decodeFrame(encodeFrame(whole))).toBeDefined()
    for (const name of ['createdAt', 'freshUntil', 'revalidateUntil', 'keepUntil'] as const) {
      expect(decodeFrame(encodeFrame({ ...whole, [name]: Number.NaN }))).toBeUndefined()
      expect(decodeFrame(encodeFrame({ ...whole, [name]: -1 }))).toBeUndefined()
    }
    expect(decodeFrame(encodeFrame({ ...whole, freshUntil: 3.5 }))).toBeUndefined()
    expect(decodeFrame(encodeFrame({ ...whole, keepUntil: 2 }))).toBeUndefined()
  })

  it('is no lease when it is longer than options allow, or has no length: nobody waits for it', () => {
    const lease: LeaseFrame = {
      kind: 'lease',
      createdAt: 1,
      leaseMs: 3_600_000,
      extension: 0,
      token: 't'.repeat(TOKEN_BYTES),
      marks: [],
    }
    expect(decodeFrame(encodeFrame(lease))).toEqual(lease)
    for (const leaseMs of [0, 3_600_001, 4_294_967_295]) {
      expect(decodeFrame(encodeFrame({ ...lease, leaseMs }))).toBeUndefined()
    }
  })

  it('does not keep the buffer that it was given', () => {
    const payload = Buffer.from('before')
    const bytes = encodeFrame({
      kind: 'value',
      encoding: 'bytes',
      createdAt: 0,
      freshUntil: 0,
      revalidateUntil: 0,
      keepUntil: 0,
      loadMs: 0,
      marks: [],
      payload,
    })
    payload.fill(0)
    expect(Buffer.from((decodeFrame(bytes) as ValueFrame).payload).toString()).toBe('before')
  })
})
