import { describe, expect, it } from 'vitest'
import { frameworks, type Handler } from './support/apps.js'
import { bodyOf, sendRaw } from './support/raw-client.js'

/**
 * The key against the handler's sight, by requests that no well-behaved client sends. The handler answers with what it
 * can read; whatever the cache answers must be what the handler would have answered to this very request.
 */

/** Fields on which the answers vary. */
const VARYING = ['User-Agent', 'Accept', 'Accept-Language', 'X-User', 'X-Tenant', 'Referer', 'From', 'Origin']

/** Fields that the answers do not name in Vary; the handler must not see them, or the request passes. */
const UNKEYED = [
  'Cookie',
  'Authorization',
  'X-API-Key',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-For',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
  'Forwarded',
]

const ALL = ['Host', ...VARYING, ...UNKEYED]

/** Lists in which neither white space nor the number of lines counts (RFC 9110 section 12.4). */
const LISTS = new Set(['accept', 'accept-language'])

const echo =
  (fields: readonly string[], more: Record<string, string> = {}): Handler =>
  (req, res) => {
    for (const [name, value] of Object.entries(more)) res.setHeader(name, value)
    res.setHeader('Vary', VARYING.join(', '))
    const names = fields.map((name) => name.toLowerCase())
    const read = (name: string, value: unknown): unknown =>
      LISTS.has(name) && typeof value === 'string' ? value.replaceAll(', ', ',') : value
    const seen = names.flatMap((name) =>
      req.headers[name] === undefined ? [] : [[name, read(name, req.headers[name])]],
    )
    const raw = req.rawHeaders.flatMap((given, at) => {
      const name = given.toLowerCase()
      return at % 2 === 0 && names.includes(name) && !LISTS.has(name) ? [`${name}: ${req.rawHeaders[at + 1]}`] : []
    })
    res.end(JSON.stringify([req.method, req.url, seen, raw]))
  }

const TARGETS = [
  '/p',
  '/P',
  '/p/',
  '//p',
  '/%70',
  '/./p',
  '/x/../p',
  '/p;a=1',
  '/p%00',
  '/p%0d%0aX: y',
  '/p%2f..%2fq',
  '/p\\q',
  '/p?',
  '/p?a=1',
  '/p?a=1&',
  '/p?a=1&a=2',
  '/p?a[]=1',
  '/p?A=1',
  '/p?%61=1',
  '/p?a=1;b=2',
  '/p#fragment',
  '/p?x=#y',
  'http://a.example/p',
  'HTTP://A.EXAMPLE/p',
  'http://b.example/p',
  'http://a.example?x=/p',
  'http://user@a.example/p',
  'http://a.example:80/p',
  'https://a.example/p',
]

const FIELDS: readonly (readonly string[])[] = [
  ['Host: a.example', 'User-Agent: a, b'],
  ['Host: a.example', 'User-Agent: a,b'],
  ['Host: a.example', 'User-Agent: a', 'User-Agent: b'],
  ['Host: a.example', 'X-User: a, b'],
  ['Host: a.example', 'X-User: a', 'X-User: b'],
  ['Host: a.example', 'X-User:'],
  ['Host: a.example', 'Accept: a/b, c/d'],
  ['Host: a.example', 'Accept: a/b', 'Accept: c/d'],
  ['Host: a.example', 'Accept-Language: de', 'accept-language: en'],
  ['Host: a.example', 'Referer: a', 'Referer: b'],
  ['Host: a.example', 'From: a', 'From: b'],
  ['Host: a.example', 'Origin: a', 'X-Tenant: \xe4'],
  ['Host: a.example', 'Cookie: sid=1'],
  ['Host: a.example', 'Cookie: sid=1', 'Cookie: sid=2'],
  ['Host: a.example', 'Authorization: Bearer a'],
  ['Host: a.example', 'X-API-Key: a'],
  ['Host: a.example', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
  ['Host: a.example', 'X-Original-URL: /admin', 'X-Rewrite-URL: /admin'],
  ['Host: a.example', 'X-HTTP-Method-Override: DELETE'],
  ['Host: a.example', 'Forwarded: host=evil.example'],
  ['Host: A.Example'],
  ['Host: a.example:80'],
  ['Host: a.example:443'],
  ['Host: a.example.'],
  ['Host: evil.example/p?'],
  ['Host: a.example', 'Content-Length: 0'],
  ['Host: a.example', 'Connection: close, X-User', 'X-User: a'],
]

const REQUESTS: readonly string[] = [
  ...TARGETS.map((target) => raw(`GET ${target} HTTP/1.1`, ['Host: a.example'])),
  ...FIELDS.map((fields) => raw('GET /p HTTP/1.1', fields)),
  // Before HTTP/1.1 a request may name no host.
  raw('GET /p HTTP/1.0', []),
  raw('GET http://a.example/p HTTP/1.0', []),
  raw('GET /p HTTP/1.0', ['Host: a.example']),
]

function raw(line: string, fields: readonly string[]): string {
  const close = fields.some((field) => field.startsWith('Connection:')) ? [] : ['Connection: close']
  return [line, ...fields, ...close, '', ''].join('\r\n')
}

/** Chunked in one chunk or sent by length, it is the same body. */
function answerOf(received: string): string {
  const body = bodyOf(received)
  // Where a request names no host, servers of fetch make one up.
  const json = /\[.*\]/s.exec(body)?.[0].replaceAll(/localhost:\d+/g, 'made up')
  return `${received.slice(0, received.indexOf('\r\n')).slice(9, 12)} ${json ?? body}`
}

describe.each(frameworks)('%s: raw requests', (_framework, start) => {
  it.each([
    ['by default', ALL, {}],
    // What is neither in Vary nor hidden is for the application to name, there.
    ['with narrow: false', ['Host', ...VARYING], { narrow: false as const }],
    ['with a query and cookies of its own', ALL, { query: ['a'], cookies: ['sid'] }],
  ])(
    'each is answered as the handler would answer it, whatever others asked before: %s',
    async (_, fields, options) => {
      const alone = await start(echo(fields, { 'Cache-Control': 'no-store' }), { options })
      const shared = await start(echo(fields), { options })
      const ask = async (port: number, text: string): Promise<string> => {
        const received = await sendRaw(port, text)
        return received.includes('tiercel; hit') ? `${answerOf(received)} (hit)` : answerOf(received)
      }
      const expected = await Promise.all(REQUESTS.map((text) => ask(alone.port, text)))
      // One after another, so that each meets what all before it have stored; then the other way round, and all at once.
      const first: string[] = []
      for (const text of REQUESTS) first.push(await ask(shared.port, text))
      const again = await Promise.all(REQUESTS.toReversed().map((text) => ask(shared.port, text)))
      const got = [...first, ...again.reverse()]
      const differing = got.flatMap((answer, at) => {
        const request = at % REQUESTS.length
        return answer.replace(/ \(hit\)$/, '') === expected[request]
          ? []
          : [[REQUESTS[request], answer, expected[request]]]
      })
      expect(differing).toEqual([])
      expect(got.filter((answer) => answer.endsWith(' (hit)')).length).toBeGreaterThan(REQUESTS.length / 4)
    },
  )
})
