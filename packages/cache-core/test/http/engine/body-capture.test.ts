import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteBudget } from '../../../src/base/byte-budget.js'
import { BodyCapture } from '../../../src/http/engine/body-capture.js'

const MEBIBYTE = 1_048_576

describe('the body of a response that is captured', () => {
  it('comes back as it was, in whatever pieces it came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 })), (pieces) => {
        const budget = new ByteBudget(MEBIBYTE)
        const capture = new BodyCapture(budget, MEBIBYTE)
        for (const piece of pieces) expect(capture.keep(piece)).toBe(true)
        expect(Buffer.concat(capture.pieces).equals(Buffer.concat(pieces))).toBe(true)
        capture.release()
        expect([budget.held, capture.pieces]).toEqual([0, []])
      }),
    )
  })

  it('is a copy: the handler may use its buffer again', () => {
    const capture = new BodyCapture(new ByteBudget(MEBIBYTE), MEBIBYTE)
    const buffer = Buffer.from('before')
    capture.keep(buffer)
    buffer.fill('x')
    expect(Buffer.concat(capture.pieces).toString()).toBe('before')
  })

  it('costs about a megabyte where a megabyte comes in writes of one byte', () => {
    const budget = new ByteBudget(4 * MEBIBYTE)
    const capture = new BodyCapture(budget, 4 * MEBIBYTE)
    const byte = Buffer.from('x')
    for (let i = 0; i < MEBIBYTE; i++) capture.keep(byte)
    expect(budget.held).toBeLessThan(1.1 * MEBIBYTE)
    expect(capture.pieces.length).toBeLessThan(30)
    const retained = capture.pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
    expect(retained).toBe(budget.held)
  })

  it('is let go of at once when it is too large', () => {
    const budget = new ByteBudget(MEBIBYTE)
    const capture = new BodyCapture(budget, 5_000)
    expect(capture.keep(Buffer.alloc(5_000))).toBe(true)
    expect(capture.keep(Buffer.alloc(1))).toBe(false)
    expect([capture.ended, budget.held]).toEqual(['too-large', 0])
    expect(capture.keep(Buffer.alloc(1))).toBe(false)
  })

  it('shares its room with all others, and those that find none are let go of', () => {
    const budget = new ByteBudget(10_000)
    const [one, other] = [new BodyCapture(budget, 8_000), new BodyCapture(budget, 8_000)]
    expect(one.keep(Buffer.alloc(6_000))).toBe(true)
    expect(other.keep(Buffer.alloc(6_000))).toBe(false)
    expect(other.ended).toBe('no-room')
    one.release()
    one.release()
    expect(budget.held).toBe(0)
    expect(new BodyCapture(budget, 8_000).keep(Buffer.alloc(6_000))).toBe(true)
  })

  it('does not need room to grow for a piece that finds its own', () => {
    const budget = new ByteBudget(10_000)
    const capture = new BodyCapture(budget, 8_000)
    expect(capture.keep(Buffer.alloc(6_000))).toBe(true)
    expect(capture.keep(Buffer.from('the end'))).toBe(true)
    expect(Buffer.concat(capture.pieces).byteLength).toBe(6_007)
    expect(budget.held).toBeLessThanOrEqual(10_000)
  })

  it('ends at 1 MiB where nobody hears it', () => {
    const capture = new BodyCapture(new ByteBudget(64 * MEBIBYTE), 5 * MEBIBYTE)
    capture.unheard()
    expect(capture.keep(Buffer.alloc(MEBIBYTE))).toBe(true)
    expect(capture.keep(Buffer.alloc(1))).toBe(false)
    expect(capture.ended).toBe('unheard')
  })
})
