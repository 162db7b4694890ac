import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, partsOf, replacePayload, type ValueFrame } from '../../../src/entry/frame.js'
import { isAvailable } from '../../../src/entry/transforms/compression.js'
import { Transforms, type TransformTerms } from '../../../src/entry/transforms/transforms.js'

const MAX_BYTES = 1_048_576
const SECRET = 'a'.repeat(32)
const OTHER = 'b'.repeat(32)
const GZIP = { algorithm: 'gzip', minBytes: 0 } as const

const ALGORITHMS = (['gzip', 'brotli', 'zstd'] as const).filter(isAvailable)

function transforms(terms: Partial<TransformTerms> = {}): Transforms {
  return new Transforms({ compression: undefined, secrets: [], ...terms })
}

function frameOf(payload: Uint8Array): Uint8Array {
  return encodeFrame({ ...FRAME, payload })
}

const FRAME: ValueFrame = {
  kind: 'value',
  encoding: 'codec',
  shape: 'json\n3',
  createdAt: 1,
  freshUntil: 2,
  revalidateUntil: 3,
  keepUntil: 4,
  loadMs: 5,
  marks: [{ kind: 'namespace', name: 'n', version: 'v'.repeat(12) }],
  payload: Buffer.alloc(0),
}

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(40_000))
    .map(([bytes, size]) => Buffer.alloc(size, bytes)),
)

const terms = fc.record({
  compression: fc.option(fc.record({ algorithm: fc.constantFrom(...ALGORITHMS), minBytes: fc.nat(2_000) }), {
    nil: undefined,
  }),
  secrets: fc.constantFrom([], [SECRET], [SECRET, OTHER]),
})

describe('a frame', () => {
  it('comes back as it was, whatever was done to it', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, terms, async (payload, options) => {
        const both = transforms(options)
        const frame = frameOf(payload)
        const stored = await both.apply('slot', frame)
        expect(await both.undo('slot', stored, MAX_BYTES)).toEqual(frame)
        expect(decodeFrame(stored) === undefined).toBe(both.concerns(stored) && stored !== frame)
      }),
      { numRuns: 60 },
    )
  })

  it('that was flipped, cut or continued after a transform is nothing, or what it was', async () => {
    const flips = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('flip', 'cut', 'grow'))
    await fc.assert(
      fc.asyncProperty(payloads, terms, flips, async (payload, options, [at, bits, how]) => {
        const both = transforms({ ...options, secrets: [SECRET] })
        const stored = Buffer.from(await both.apply('slot', frameOf(payload)))
        const place = at % stored.byteLength
        const flipped = Buffer.from(stored)
        flipped[place] = (flipped[place] as number) ^ bits
        const damaged =
          how === 'flip'
            ? flipped
            : how === 'cut'
              ? stored.subarray(0, place)
              : Buffer.concat([stored, Buffer.of(bits)])
        expect(readable(await both.undo('slot', damaged, MAX_BYTES))).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  it('of anything at all is nothing, never an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(255), async (bytes, flags) => {
        const forged = replacePayload(partsOf(frameOf(Buffer.alloc(0))) as never, flags, bytes)
        for (const secrets of [[], [SECRET]]) {
          const undone = await transforms({ secrets }).undo('slot', forged, MAX_BYTES)
          if (flags !== 0 || secrets.length > 0) expect(readable(undone)).toBeUndefined()
        }
      }),
      { numRuns: 200 },
    )
  })

  it('of a lease passes as it is', () => {
    const lease = encodeFrame({
      kind: 'lease',
      createdAt: 1,
      leaseMs: 2,
      extension: 0,
      token: 't'.repeat(16),
      marks: [],
    })
    const all = transforms({ compression: GZIP, secrets: [SECRET] })
    expect(all.apply('slot', lease)).toBe(lease)
    expect(all.undo('slot', lease, MAX_BYTES)).toBe(lease)
  })
})

describe('compression', () => {
  const text = Buffer.from('the same again '.repeat(500))

  it.each(ALGORITHMS)('%s makes a large payload smaller, and is undone when it is off', async (algorithm) => {
    for (const payload of [text, Buffer.concat(Array<Buffer>(20).fill(text))]) {
      const stored = await transforms({ compression: { algorithm, minBytes: 1_024 } }).apply('slot', frameOf(payload))
      expect(stored.byteLength).toBeLessThan(payload.byteLength / 10)
      expect(await transforms().undo('slot', stored, MAX_BYTES)).toEqual(frameOf(payload))
    }
  })

  it('leaves alone what is small, and what would not become smaller', async () => {
    const small = frameOf(Buffer.alloc(1_023))
    expect(await transforms({ compression: { algorithm: 'gzip', minBytes: 1_024 } }).apply('slot', small)).toBe(small)
    const dense = frameOf(
      gzipSync(Buffer.from(fc.sample(fc.uint8Array({ minLength: 900, maxLength: 900 }), 1)[0] as never)),
    )
    expect(await transforms({ compression: GZIP }).apply('slot', dense)).toEqual(dense)
  })

  it('of a bomb is not undone: beyond what a value may have, and beyond what it says itself', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const parts = partsOf(frameOf(Buffer.alloc(0))) as never
    for (const says of [50_000_000, 1_000, 100_000, 0]) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(says)
      const forged = replacePayload(parts, 1, Buffer.concat([length, bomb]))
      expect(await transforms().undo('slot', forged, MAX_BYTES)).toBeUndefined()
    }
  })

  it('that says more than there is is not undone', async () => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(10)
    const parts = partsOf(frameOf(Buffer.alloc(0))) as never
    const forged = replacePayload(parts, 1, Buffer.concat([length, gzipSync(Buffer.alloc(5))]))
    expect(await transforms().undo('slot', forged, MAX_BYTES)).toBeUndefined()
  })
})

describe('a seal', () => {
  const payload = Buffer.from('the secret of the house')
  const frame = frameOf(payload)

  it('hides the payload, each time in other bytes', async () => {
    const sealing = transforms({ secrets: [SECRET] })
    const [one, two] = [
      Buffer.from(await sealing.apply('slot', frame)),
      Buffer.from(await sealing.apply('slot', frame)),
    ]
    expect(one.includes('secret')).toBe(false)
    expect(one.equals(two)).toBe(false)
  })

  it('is opened with each of the secrets, and with no other', async () => {
    const stored = await transforms({ secrets: [SECRET] }).apply('slot', frame)
    expect(await transforms({ secrets: [OTHER, SECRET] }).undo('slot', stored, MAX_BYTES)).toEqual(frame)
    expect(await transforms({ secrets: [OTHER] }).undo('slot', stored, MAX_BYTES)).toBeUndefined()
    expect(await transforms().undo('slot', stored, MAX_BYTES)).toBeUndefined()
  })

  it('holds in its own slot only', async () => {
    const sealing = transforms({ secrets: [SECRET] })
    expect(await sealing.undo('another', await sealing.apply('slot', frame), MAX_BYTES)).toBeUndefined()
  })

  it('holds under its own header only: times, marks, shape', async () => {
    const sealing = transforms({ secrets: [SECRET] })
    const stored = partsOf(await sealing.apply('slot', frame)) as NonNullable<ReturnType<typeof partsOf>>
    const sealed = stored.bytes.subarray(stored.payloadAt)
    const others: ValueFrame[] = [
      { ...FRAME, keepUntil: Number.POSITIVE_INFINITY },
      { ...FRAME, shape: 'json\n4' },
      { ...FRAME, marks: [{ kind: 'namespace', name: 'n', version: 'w'.repeat(12) }] },
      { ...FRAME, encoding: 'bytes' },
    ]
    const under = (header: ValueFrame): Uint8Array =>
      replacePayload(partsOf(encodeFrame(header)) as never, stored.transforms, sealed)
    expect(await sealing.undo('slot', under(FRAME), MAX_BYTES)).toEqual(frame)
    for (const other of others) expect(await sealing.undo('slot', under(other), MAX_BYTES)).toBeUndefined()
  })

  it('is required: anyone may have written what is not sealed', async () => {
    expect(await transforms({ secrets: [SECRET] }).undo('slot', frame, MAX_BYTES)).toBeUndefined()
  })

  it('cannot be taken off by a header that denies it', async () => {
    const sealing = transforms({ secrets: [SECRET] })
    const parts = partsOf(await sealing.apply('slot', frame)) as NonNullable<ReturnType<typeof partsOf>>
    const denied = replacePayload(parts, 0, parts.bytes.subarray(parts.payloadAt))
    expect(await sealing.undo('slot', denied, MAX_BYTES)).toBeUndefined()
  })
})

/** A frame that a reader would take. */
function readable(undone: Uint8Array | undefined): unknown {
  return undone === undefined ? undefined : decodeFrame(undone)
}
