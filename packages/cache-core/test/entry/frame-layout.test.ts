import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { decodeFrame } from '../../src/entry/frame.js'

// Every checksum is right.
vi.mock('node:zlib', () => ({ crc32: () => 0 }))

it('a frame whose layout is broken behind a right checksum is no error, and never reaches beyond its bytes', () => {
  let decoded = 0
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 40, maxLength: 160 }),
      fc.constantFrom(1, 2, 3),
      fc.nat(4),
      fc.nat(3),
      (junk, kind, encoding, marks) => {
        const bytes = Buffer.from(junk)
        bytes.set([0xc1, kind, encoding, marks, 0, 0, 0, 0])
        const frame = decodeFrame(bytes)
        if (frame === undefined) return
        decoded++
        expect(frame.marks).toHaveLength(marks)
        if (frame.kind === 'value') expect(frame.payload.byteLength).toBeLessThanOrEqual(bytes.byteLength - 40)
      },
    ),
    { numRuns: 2_000 },
  )
  expect(decoded).toBeGreaterThan(50)
})
