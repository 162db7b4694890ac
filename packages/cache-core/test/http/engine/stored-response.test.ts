import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeResponse, encodeResponse, type StoredResponse } from '../../../src/http/engine/stored-response.js'
import { expectLinear } from '../../support/linear.js'

/** Tab, printable ASCII and obs-text: all that a field value may hold. */
const VALUE_CHARS = ['\t', ...Array.from({ length: 0x100 - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))].filter(
  (char) => char !== '\x7f',
)
const value = fc.string({ unit: fc.constantFrom(...VALUE_CHARS) })
const CENTURY_MS = 3_155_760_000_000
/** What goes out anew with each response, or never: no stored one has it. */
const NEVER = /^(set-cookie|age|content-length|connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/i
const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/).filter((text) => !NEVER.test(text))

const response = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  statusText: value,
  headers: fc.array(fc.tuple(name, value)).map((lines) => lines.flat()),
  added: fc.array(name),
  removed: fc.array(name),
  receivedAt: fc.double({ min: 0, max: 8_640_000_000_000_000, noNaN: true }).map(Math.abs),
  ageMs: fc.double({ min: 0, max: CENTURY_MS, noNaN: true }).map(Math.abs),
  freshForMs: fc.oneof(fc.double({ min: 1, max: CENTURY_MS, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  staleIfErrorMs: fc.oneof(
    fc.double({ min: 0, max: CENTURY_MS, noNaN: true }).map(Math.abs),
    fc.constant(Number.POSITIVE_INFINITY),
  ),
  public: fc.boolean(),
  mustRevalidate: fc.boolean(),
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
  staleIfErrorMs: 0,
  public: false,
  mustRevalidate: false,
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

  it('may have many fields, up to 2,000 lines and 256 KiB of them', () => {
    const headers = Array.from({ length: 4_000 }, (_, i) => (i % 2 === 0 ? `X-${i}` : 'value'))
    expect(decodeResponse(encode({ ...EXAMPLE, headers }))?.headers).toEqual(headers)
    expect(encodeResponse({ ...EXAMPLE, headers: [...headers, 'One', 'more'] }, [])).toBeUndefined()
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

  /** As a writer of the store would plant it: the layout, but not what this cache puts into it. */
  function planted({ headers, body = 'hello', ...rest }: Partial<Omit<StoredResponse, 'body'>> & { body?: string }) {
    const given = { ...EXAMPLE, ...rest, headers: headers ?? ['X-A', '1'] }
    const text = [given.statusText, ...given.headers, given.added.join(), given.removed.join()].join('\n')
    const bytes = Buffer.alloc(44 + text.length + body.length)
    bytes[0] = 3
    bytes.writeUInt16BE(given.status, 2)
    bytes.writeDoubleBE(given.receivedAt, 4)
    bytes.writeDoubleBE(given.ageMs, 12)
    bytes.writeDoubleBE(given.freshForMs, 20)
    bytes.writeDoubleBE(given.staleIfErrorMs, 28)
    bytes.writeUInt32BE(text.length, 36)
    bytes.writeUInt32BE(body.length, 40)
    bytes.write(text + body, 44, 'latin1')
    return decodeResponse(bytes)
  }

  it('are a response where they are what this cache would have made', () => {
    expect(planted({})?.headers).toEqual(['X-A', '1'])
    expect(planted({ headers: ['Content-Length', '5'] })?.body.toString()).toBe('hello')
  })

  it.each([
    ['a length that is not the body’s', { headers: ['Content-Length', '1'] }],
    ['a length in other digits', { headers: ['content-length', '05'] }],
    ['two lengths', { headers: ['Content-Length', '5', 'content-length', '5'] }],
    ['a cookie', { headers: ['SET-cookie', 'sid=1'] }],
    ['an age beside its own', { headers: ['Age', '1'] }],
    ['a transfer coding', { headers: ['Transfer-Encoding', 'chunked'] }],
    ['a field of one connection', { headers: ['Connection', 'close'] }],
    ['a field of a proxy', { headers: ['Proxy-Authenticate', 'Basic'] }],
    ['a time before the epoch', { receivedAt: -1 }],
    ['a time that no Date can name', { receivedAt: 1e16 }],
    ['an age of more than a century', { ageMs: CENTURY_MS + 1_000 }],
    ['a lifetime of more than a century', { freshForMs: CENTURY_MS * 2 }],
    ['no lifetime', { freshForMs: Number.NaN }],
    ['a stale window that is none', { staleIfErrorMs: -1 }],
    ['a stale window of more than a century', { staleIfErrorMs: CENTURY_MS * 2 }],
  ])('are nothing when they plant %s', (_, plan) => {
    expect(planted(plan)).toBeUndefined()
  })

  it('are refused in time in proportion to how many lines they hold', async () => {
    const refuse = (count: number): (() => void) => {
      const lines = Array.from({ length: 2 * count }, () => 'a')
      return () => expect(planted({ headers: lines })).toBeUndefined()
    }
    await expectLinear(refuse, { small: 10_000, large: 80_000 })
  })

  it('are a response with a cookie only for a cache that stores such', () => {
    const bytes = encode({ ...EXAMPLE, headers: ['Set-Cookie', 'a=b'] })
    expect(decodeResponse(bytes)).toBeUndefined()
    expect(decodeResponse(bytes, true)?.headers).toEqual(['Set-Cookie', 'a=b'])
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
