import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { decodeFrame } from '../../src/entry/frame.js'

// Every checksum is right.
vi.mock('node:zlib', () => ({ crc32: () => 0 }))

it('a frame whose layout is broken behind a right checksum is no error, and never reaches beyond its bytes', () => {
  let decoded = 0
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 46, maxLength: 160 }),
      fc.constantFrom(1, 2, 3),
      fc.nat(4),
      fc.nat(3),
      (junk, kind, encoding, marks) => {
        const bytes = Buffer.from(junk)
        bytes.set([0xc2, kind, encoding, 0, 0, 0, 0, 0])
        // Times that are junk are refused before the rest is read.
        bytes.fill(0, 8, 40)
        bytes[44] = marks
        bytes[45] = (bytes[45] as number) % 4
        // Most junk is no kind of mark, and no number of versions.
        if (bytes.byteLength > 52)
          bytes.set([(bytes[46] as number) % 5, 0, 0, (bytes[49] as number) % 5], 46 + bytes[45])
        const frame = decodeFrame(bytes)
        if (frame === undefined) return
        decoded++
        expect(frame.marks).toHaveLength(marks)
        if (frame.kind === 'value') expect(frame.payload.byteLength).toBeLessThanOrEqual(bytes.byteLength - 46)
      },
    ),
    { numRuns: 2_000 },
  )
  expect(decoded).toBeGreaterThan(50)
})
