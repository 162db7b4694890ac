import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'
import { decodeResponse, encodeResponse } from '../../src/http/engine/stored-response.js'
import { acceptsOnly, preferredCoding } from '../../src/http/message/accept.js'
import { requestDirectives, responseDirectives } from '../../src/http/message/cache-control.js'
import { pickCookies } from '../../src/http/message/cookies.js'
import { opaqueTags, strongTags } from '../../src/http/message/etag.js'
import { members } from '../../src/http/message/headers.js'
import { parseHttpDate } from '../../src/http/message/http-date.js'
import { countingText, searchVariance } from '../../src/http/message/no-vary-search.js'
import { rangeIn, rangeSpecs } from '../../src/http/message/range.js'
import { urlKey } from '../../src/http/rules/key.js'
import { resourceName } from '../../src/http/rules/resource-name.js'
import { parseVaryText, variantKey, varyOf } from '../../src/http/rules/vary.js'
import { openMark } from '../../src/protocol/mark-record.js'
import { expectLinear } from '../support/linear.js'
import { rulesOf } from './support/requests.js'

/** Seconds in every run; minutes in `npm run test:long`. */
const MILLISECONDS = process.env.TIERCEL_LONG === '1' ? 60_000 : 250
const LONG = { numRuns: 10_000_000, interruptAfterTimeLimit: MILLISECONDS }

/** What one text of a client, or of a handler, is read by. */
const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  'Cache-Control of a response': (text) => responseDirectives([text]),
  'Cache-Control of a request': (text) => requestDirectives([text]),
  Accept: (text) => acceptsOnly(text, 'text/event-stream'),
  'Accept-Encoding': (text) => preferredCoding(text, ['br', 'gzip']),
  Cookie: (text) => pickCookies(text, new Set(['a', 'sid'])),
  'If-None-Match': (text) => opaqueTags(text),
  'If-Match': (text) => strongTags(text),
  Range: (text) => rangeSpecs(text)?.map((spec) => rangeIn(spec, 1_000)),
  Date: (text) => parseHttpDate(text, 1_795_000_000_000),
  Vary: (text) => varyOf(['vary', text]),
  'No-Vary-Search': (text) => {
    const variance = searchVariance(['no-vary-search', text])
    return variance && countingText(`?${text}`, variance)
  },
  'a list': (text) => members(['link', text], 'link'),
  'a Vary list in the store': (text) => {
    const request = { method: 'GET', target: '/', headers: [] }
    return variantKey([], parseVaryText(text) ?? [], request, ['http', 'h', '/', ''], rulesOf({ noVarySearch: true }))
  },
  'a target': (text) => {
    const found = urlKey({ method: 'GET', target: text, headers: ['Host', text] }, rulesOf({ query: ['a'] }))
    return found.ok ? resourceName(found.key) : undefined
  },
}

/** Pieces of the grammars, so that most texts come near to something. */
const PIECES = [
  'max-age=',
  '1',
  '99999999999',
  ',',
  ';',
  '"',
  '\\',
  '=',
  ' ',
  'a',
  'sid',
  'bytes=',
  '-',
  '*',
  'q=0.5',
  '/',
  'params=("a")',
  'except=(',
  'key-order',
  '?o-',
]
const MORE = [
  '%',
  '%41',
  '?',
  '#',
  'http://',
  'W/',
  'gzip',
  'Sun, 06 Nov 1994 08:49:37 GMT',
  '\t',
  '\x00',
  'ü',
  '[',
  ':',
  '',
]
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 40 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 100 }),
)

describe('parsers', () => {
  it.each(Object.entries(PARSERS))('never fail on %s, whatever it holds', { timeout: 90_000 }, (_, parse) => {
    fc.assert(
      fc.property(text, (given) => void parse(given)),
      LONG,
    )
  })

  it.each(Object.entries(PARSERS))('take time in proportion to %s', async (_, parse) => {
    for (const piece of ['a=1; ', '"', '\\', ',', 'a,', '/a', '%41', ' ', 'a;', '=', 'W/"a", ', '1-2,', 'a&', '?']) {
      const read = (count: number): (() => unknown) => {
        const given = piece.repeat(count)
        return () => parse(given)
      }
      await expectLinear(read, { small: 4_000, large: 32_000 }, JSON.stringify(piece))
    }
  })
})

describe('what a writer of the store may plant', () => {
  const frame = encodeFrame({
    kind: 'value',
    encoding: 'bytes',
    createdAt: 1,
    freshUntil: 2,
    revalidateUntil: 3,
    keepUntil: 4,
    loadMs: 0,
    marks: [{ kind: 'namespace', name: '', version: 'v'.repeat(12) }],
    payload: Buffer.from('payload'),
  })
  const head = { status: 200, statusText: '', headers: ['A', 'b'], added: [], removed: [] }
  const times = { receivedAt: 1, ageMs: 0, freshForMs: 1, staleIfErrorMs: 0, public: true, mustRevalidate: false }
  const response = encodeResponse({ ...head, ...times }, [Buffer.from('body')]) as Buffer

  it.each([
    ['a frame', frame],
    ['a stored response', response],
  ])(
    '%s, bytes changed, cut and joined at random, is a miss or whole, never an error',
    { timeout: 90_000 },
    (_, whole) => {
      const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 6 })), { maxLength: 5 })
      fc.assert(
        fc.property(edits, fc.nat(whole.length), (changes, cut) => {
          const bytes = Buffer.from(whole)
          for (const [at, written] of changes) bytes.set(written.subarray(0, whole.length - at), at)
          for (const planted of [bytes, bytes.subarray(0, cut), Buffer.concat([bytes, bytes.subarray(cut)])]) {
            decodeFrame(planted)
            openMark('url', { bytes: planted, version: 1 })
            const decoded = decodeResponse(planted)
            if (decoded !== undefined) expect(encodeResponse(decoded, [decoded.body])).toEqual(Buffer.from(planted))
          }
        }),
        LONG,
      )
    },
  )
})
