import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, type Encoded, type ValueFrame } from '../../src/entry/frame.js'
import { expireValue, type SealedValue, sealValue } from '../../src/entry/value-frame.js'

const encoded: Encoded = { encoding: 'bytes', shape: '', payload: Buffer.from('payload') }

const wallClock = fc.double({ min: 1_700_000_000_000, max: 1_900_000_000_000, noNaN: true })
const life = fc.record({
  ttlMs: fc.oneof(fc.double({ min: 0.001, max: 1e11, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  staleWhileRevalidateMs: fc.double({ min: 0, max: 1e10, noNaN: true }),
  staleIfErrorMs: fc.double({ min: 0, max: 1e10, noNaN: true }),
  jitter: fc.constantFrom(0, 0.1, 1),
})

describe('the frame of a value', () => {
  it('is read back whatever its life, and after it has expired', () => {
    fc.assert(
      fc.property(wallClock, life, fc.double({ min: 0, max: 1e11, noNaN: true }), (now, terms, laterMs) => {
        const value = opened(sealValue(encoded, { ...terms, now, marks: [] }))
        const later = now + laterMs
        const expired = expireValue(value, later)
        if (expired === undefined) return
        expect(opened(expired)).toMatchObject({ freshUntil: later, payload: encoded.payload })
      }),
      { numRuns: 2_000 },
    )
  })
})

function opened({ bytes }: SealedValue): ValueFrame {
  const frame = decodeFrame(bytes)
  if (frame?.kind !== 'value') throw new Error('The frame is not read back.')
  return frame
}
