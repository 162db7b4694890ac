import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeResponse, encodeResponse, type StoredResponse } from '../../../src/http/engine/stored-response.js'

/** Tab, printable ASCII and obs-text: all that a field value may hold. */
const VALUE_CHARS = ['\t', ...Array.from({ length: 0x100 - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))].filter(
  (char) => char !== '\x7f',
)
const value = fc.string({ unit: fc.constantFrom(...VALUE_CHARS) })
const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/)

const response = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  statusText: value,
  headers: fc.array(fc.tuple(name, value)).map((lines) => lines.flat()),
  added: fc.array(name),
  removed: fc.array(name),
  receivedAt: fc.double({ noNaN: true, noDefaultInfinity: true }),
  ageMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs),
  freshForMs: fc.oneof(fc.double({ min: 1, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  public: fc.boolean(),
})

const EXAMPLE: StoredResponse = {
  status: 200,
  statusText: '',
  headers: ['Content-Type', 'text/plain', 'Link', '</a>', 'Link', '</b>'],
  added: ['link'],
  removed: ['x-powered-by', 'x-frame-options'],
  receivedAt: 1_795_000_000_000,
  ageMs: 0,
  freshForMs: 60_000,
  public: false,
  body: Buffer.from('hello'),
}

function encode(given: Omit<StoredResponse, 'body'>, ...body: Uint8Array[]): Buffer {
  const bytes = encodeResponse(given, body)
  if (bytes === undefined) throw new Error('not encoded')
  return bytes
}

describe('a stored response', () => {
  it('comes back as it was: status, every field line, every byte', () => {
    fc.assert(
      fc.property(response, fc.array(fc.uint8Array()), (given, body) => {
        expect(decodeResponse(encode(given, ...body))).toEqual({ ...given, body: Buffer.concat(body) })
      }),
    )
  })

  it('comes back from a plain Uint8Array inside a larger one', () => {
    const bytes = encode(EXAMPLE, EXAMPLE.body)
    const larger = new Uint8Array(bytes.length + 7)
    larger.set(bytes, 3)
    expect(decodeResponse(larger.subarray(3, 3 + bytes.length))).toEqual(EXAMPLE)
  })

  it('has its body without a copy', () => {
    const bytes = encode(EXAMPLE, EXAMPLE.body)
    expect(decodeResponse(bytes)?.body.buffer).toBe(bytes.buffer)
  })

  it('may be empty, large, and have no fields', () => {
    const bare = { ...EXAMPLE, headers: [] }
    expect(decodeResponse(encode(bare))).toEqual({ ...bare, body: Buffer.alloc(0) })
    const large = Buffer.alloc(1_048_576, 0xff)
    expect(decodeResponse(encode(EXAMPLE, large))?.body.equals(large)).toBe(true)
  })

  it('may have many fields, up to 256 KiB of them', () => {
    const headers = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? `X-${i}` : 'value'))
    expect(decodeResponse(encode({ ...EXAMPLE, headers }))?.headers).toEqual(headers)
    expect(encodeResponse({ ...EXAMPLE, headers: ['X', 'x'.repeat(262_144)] }, [])).toBeUndefined()
  })

  it.each([
    [['A', 'x\r\nX-Evil: 1']],
    [['A', 'x\nB\ny']],
    [['A', '\x00']],
    [['A', '\u0100']],
    [['A\nB', 'x']],
    [['A B', 'x']],
    [['', 'x']],
    [['A']],
  ])('is not made of fields that could not be sent: %j', (headers) => {
    expect(encodeResponse({ ...EXAMPLE, headers }, [])).toBeUndefined()
  })
})

describe('bytes that are no stored response', () => {
  const whole = encode(EXAMPLE, EXAMPLE.body)

  it('are nothing when cut or lengthened anywhere', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(decodeResponse(whole.subarray(0, length))).toBeUndefined()
    }
    expect(decodeResponse(Buffer.concat([whole, Buffer.from('x')]))).toBeUndefined()
  })

  it('are nothing with an unknown generation', () => {
    const other = Buffer.from(whole)
    other[0] = 1
    expect(decodeResponse(other)).toBeUndefined()
  })

  it("are nothing when they are somebody else's", () => {
    for (const text of ['', '{}', '{"__proto__":{"polluted":1}}', 'HTTP/1.1 200 OK\r\n\r\n', '\x01'.repeat(100)]) {
      expect(decodeResponse(Buffer.from(text))).toBeUndefined()
    }
  })

  it('are never an error, and give only what can be sent, whatever was changed', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(whole)
        changed[at] = byte
        const decoded = decodeResponse(changed)
        if (decoded === undefined) return
        expect(decoded.status).toBeGreaterThanOrEqual(200)
        expect(decoded.status).toBeLessThan(600)
        expect(encodeResponse(decoded, [decoded.body])).toEqual(changed)
      }),
      { numRuns: 2_000 },
    )
  })

  it('never touch a prototype', () => {
    const named = { ...EXAMPLE, headers: ['__proto__', 'x', 'constructor', 'y'] }
    expect(decodeResponse(encode(named))?.headers).toEqual(named.headers)
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })
})
