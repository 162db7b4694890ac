import { describe, expect, it } from 'vitest'
import { frameworks, type Handler } from './support/apps.js'
import { sendRaw } from './support/raw-client.js'

/**
 * As raw-requests.test.ts, with every spelling of targets and fields that could be thought of, on a route whose handlers
 * see nothing but what the key holds (`narrow: 'strict'`): so all that they see is compared.
 */

const VARYING = ['User-Agent', 'Accept', 'Accept-Language', 'X-User', 'Referer', 'From', 'Origin']
/** Lists in which neither white space nor the number of lines counts (RFC 9110 section 12.4). */
const LISTS = new Set(['accept', 'accept-language'])
/** Of the connection, not of the request. */
const HOP_BY_HOP = new Set(['connection', 'content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'upgrade'])

const echo =
  (more: Record<string, string> = {}): Handler =>
  (req, res) => {
    for (const [name, value] of Object.entries(more)) res.setHeader(name, value)
    res.setHeader('Vary', VARYING.join(', '))
    const seen = Object.entries(req.headers).flatMap(([name, value]) => {
      if (HOP_BY_HOP.has(name)) return []
      return [`${name}: ${LISTS.has(name) ? String(value).replace(/\s*,\s*/g, ',') : value}`]
    })
    const raw = req.rawHeaders.flatMap((given, at) => {
      const name = given.toLowerCase()
      return at % 2 > 0 || HOP_BY_HOP.has(name) || LISTS.has(name) ? [] : [`${name}: ${req.rawHeaders[at + 1]}`]
    })
    res.end(`[${JSON.stringify([req.method, req.url, seen.toSorted(), raw.toSorted()])}]`)
  }

const LONG = 'a'.repeat(7_000)

const PATHS =
  '. .. /. /.. /%2e%2e/p /%2E/p /p/. /p% /p%zz /p%C3%A9 /p%c3%a9 /p\xe9 /p\xc3\xa9 /p%E9 /p%00x /p%5cq /p%2Fq /p%2fq /p/q ' +
  '/p:80 /p@b /p! /p\' /p" /p< /p| /p^ /p` /p{ /p~ /p%7E /p%7e /p* /p%2A /p$ /p&a /p=a /p+a /p%2Ba /p,a /p;a /p;a=1?b /P /p/ /p// ' +
  '//a.example/p ///p /\\a.example/p /p\\..\\q * p ?a=1 # /p#x /p?x#y /p?x=#y /% /%00'
const QUERIES =
  '% a=%00 a=1%23 a=1;a=2 a[__proto__]=1 __proto__=1 constructor=1 a=1&a=1 a a= =1 ?a=1 a=+ a=%20 &a=1 a=1&&b=2 b=2&a=1 ' +
  'a=1&b=2 %61=1 A=1 a=%2526 a=%26b=1 a=&b=1 a=1# a=1%0d%0a utm_source=1 %E2%80%AE=1'
const ABSOLUTE =
  'http:p http:/p http:///p http://a.example http://a.example/ http://a.example/p HTTP://A.EXAMPLE:80/p http://a.example:0080/p ' +
  'http://a.example:443/p https://a.example/p ftp://a.example/p ws://a.example/p http://[::1]/p http://a.example@b.example/p ' +
  'http://b.example@a.example/p http://a.example%2fp http://a.example\\p http://a.example#/p http://a.example/p#x ' +
  'http://a.example//p http://a.example;b/p http://0x7f.1/p http://b.example/p http://a.example?/p'
const TARGETS = [
  ...PATHS.split(' '),
  ...QUERIES.split(' ').map((query) => `/p?${query}`),
  ...ABSOLUTE.split(' '),
  `/${LONG}`,
  `/p?${LONG}`,
  `/p?${'a&'.repeat(3_000)}`,
]

const HOSTS = [
  ...[
    'a.example, b.example',
    '',
    ' ',
    'A.EXAMPLE',
    'a.example.',
    'a.example:80',
    'a.example:080',
    'a.example:',
    '*',
    '..',
  ],
  ...[
    'a.example:99999',
    '[::1]',
    '[::1]:80',
    'user@a.example',
    'a.example/x',
    'a.example?x',
    'a.example#x',
    'a.example\\x',
  ],
  ...[
    'a.exam%70le',
    '\xe4.example',
    'a.example\t',
    '\ta.example',
    'a_b.example',
    'http://a.example',
    'a:80:80',
    '127.1',
  ],
].map((host) => [`Host:${host.startsWith('\t') ? '' : ' '}${host}`])

const SEVERAL_LINES = [
  ...[
    'X-User: a|x-user: b',
    'X-User: a,b',
    'X-User: a, b',
    'X-User:a',
    'X-User: a ',
    'X-User: \ta',
    'X-User:',
    'X-User: ,',
  ],
  ...['X-User: \xff', 'X-User: %61', 'X-User: A', 'X_User: a', 'X-User: a|X-User:', 'X-User: "a"', 'X-User: a\r\n b'],
  ...[
    'User-Agent: a|User-Agent: b',
    'User-Agent: b|User-Agent: a',
    'User-Agent: a, b',
    'Referer: a|Referer: b',
    'From: a|From: a',
  ],
  ...[
    'Origin: a|Origin: b',
    'Origin: a, b',
    'Accept: */*',
    'Accept:*/*',
    'Accept: a/b;q=1, c/d',
    'Accept: a/b;q=1.0,c/d',
  ],
  ...[
    'Accept: c/d, a/b;q=1',
    'Accept: a/b|Accept: c/d',
    'Accept: a/b , c/d',
    'Accept: a/b,,c/d',
    `Accept: ${'a/b,'.repeat(3_000)}`,
  ],
  ...[
    'Accept-Language: de, en',
    'Accept-Language: de|Accept-Language: en',
    'Accept-Language: DE',
    'Accept-Language: en, de',
  ],
  ...['Cookie: a=1', 'Cookie: a=1; b=2', 'Cookie: a=1|Cookie: a=2', 'Cookie:', 'Cookie: ;', 'cookie: a', 'Cookie2: a'],
  ...['Connection: close, X-User|X-User: a', 'Connection: close, Host', 'Connection: X-Custom, close|X-Custom: a'],
  ...['Connection: close|Connection: X-User|X-User: b', 'Transfer-Encoding: identity', 'Transfer-Encoding: xchunked'],
  ...[
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: chunked|Content-Length: 0',
  ],
  ...[
    'Content-Length: 0',
    'Content-Length: 0|Content-Length: 0',
    'Content-Length: +0',
    'Content-Length: 0, 0',
    'Content-Length: -1',
  ],
  ...['X-Null: a\0b', 'X Space: a', 'X-User : a', ': empty', 'X-CR: a\rb', 'X-LF: a\nX-User: evil', ' X-Fold: a'],
].map((lines) => ['Host: a.example', ...lines.split('|')])

/** Fields that some application somewhere obeys. */
const OBEYED = [
  ...[
    'Authorization: Basic x',
    'authorization:',
    'Proxy-Authorization: x',
    'X-API-Key: a',
    'X-Auth-Token: t',
    'Client-Cert: x',
  ],
  ...[
    'X-Forwarded-Host: e',
    'X-Forwarded-Proto: https',
    'X-Forwarded-For: 1.1.1.1',
    'X-Forwarded-Port: 443',
    'X-Host: e',
  ],
  ...[
    'X-Forwarded-Prefix: /e',
    'X-Forwarded-Scheme: https',
    'X-Original-Host: e',
    'X-Original-URL: /admin',
    'X-Rewrite-URL: /e',
  ],
  ...[
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'Forwarded: host=e',
    'Via: 1.0 x',
  ],
  ...[
    'X-Real-IP: 1',
    'True-Client-IP: 1',
    'CF-Connecting-IP: 1',
    'Front-End-Https: on',
    'X-URL-Scheme: https',
    'Save-Data: on',
  ],
  ...['Sec-GPC: 1', 'Sec-CH-UA: x', 'Sec-Fetch-Dest: image', 'Purpose: prefetch', 'X-Requested-With: XMLHttpRequest'],
  ...[
    'Prefer: return=minimal',
    'Content-Type: application/json',
    'Content-Language: de',
    'RSC: 1',
    'Next-Action: x',
    'HX-Request: true',
  ],
  ...[
    'X-Inertia: true',
    'Accept-Version: 2',
    'X-Country: DE',
    'Traceparent: 00-1',
    '__proto__: x',
    'constructor: x',
    'Set-Cookie: a=1',
  ],
  ...['Vary: *', 'Status: 500', 'Location: /x', 'ETag: "x"', 'Age: 5', 'Accept-Encoding: gzip;q=0', `X-Many: ${LONG}`],
  ...[
    'Cache-Control: no-cache',
    `Cache-Control: ${'max-age=1,'.repeat(700)}`,
    'Cache-Control: "no-cache',
    'Pragma: no-cache',
  ],
].map((line) => ['Host: a.example', line])

const LINES = [
  ...[
    'GET /p HTTP/1.0',
    'GET http://a.example/p HTTP/1.0',
    'get /p HTTP/1.1',
    'Get /p HTTP/1.1',
    'GET  /p HTTP/1.1',
    'GET /p  HTTP/1.1',
  ],
  ...[
    'GET\t/p HTTP/1.1',
    'GET /p HTTP/1.2',
    'GET /p HTTP/2.0',
    'GET /p http/1.1',
    'GET /p HTTP/0.9',
    'GET /p',
    'GET /p q HTTP/1.1',
  ],
  ...[
    'HEAD /p HTTP/1.1',
    'QUERY /p HTTP/1.1',
    'PURGE /p HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'TRACE /p HTTP/1.1',
    'SEARCH /p HTTP/1.1',
  ],
  ...['G\xe4T /p HTTP/1.1', 'GETT /p HTTP/1.1', 'M-SEARCH /p HTTP/1.1'],
]

const HOST = ['Host: a.example']
const REQUESTS = [
  ...TARGETS.map((target) => raw(`GET ${target} HTTP/1.1`, HOST)),
  ...[...HOSTS, ...SEVERAL_LINES, ...OBEYED].map((fields) => raw('GET /p HTTP/1.1', fields)),
  ...LINES.map((line) => raw(line, HOST)),
  ...['GET /p HTTP/1.0', 'GET http://a.example/p HTTP/1.0', 'GET http://b.example/p HTTP/1.0'].map((line) =>
    raw(line, []),
  ),
  ...['http://a.example/p', 'http://b.example/p', '//b.example/p'].flatMap((target) =>
    ['b.example', 'B.example', 'c.example'].map((host) => raw(`GET ${target} HTTP/1.1`, [`Host: ${host}`])),
  ),
]

function raw(line: string, fields: readonly string[]): string {
  const closes = fields.some((field) => field.startsWith('Connection:'))
  return [line, ...fields, ...(closes ? [] : ['Connection: close']), '', ''].join('\r\n')
}

/** Where a request names no host, servers of fetch make one up. */
function answerOf(received: string): string {
  const seen = /\[.*\]/s.exec(received.slice(received.indexOf('\r\n\r\n')))?.[0] ?? ''
  return `${received.slice(9, 12)} ${seen.replaceAll(/localhost:\d+/g, 'made up')}`
}

describe.each(frameworks)('%s: raw spellings', (_, start) => {
  it(`each of ${REQUESTS.length} is answered as the handler would answer it, whatever the others stored`, async () => {
    const options = { narrow: 'strict' as const }
    const alone = await start(echo({ 'Cache-Control': 'no-store' }), { options })
    const shared = await start(echo({ 'Cache-Control': 'public, max-age=60' }), { options })
    const expected = await inTurns(REQUESTS, async (text) => answerOf(await sendRaw(alone.port, text)))
    let hits = 0
    const ask = async (text: string): Promise<string> => {
      const received = await sendRaw(shared.port, text)
      if (received.includes('tiercel; hit')) hits++
      return answerOf(received)
    }
    const order = [...REQUESTS, ...REQUESTS.toReversed()]
    const got = await inTurns(order, ask)
    const differing = got.flatMap((answer, at) => {
      const text = order[at] as string
      const wanted = expected[REQUESTS.indexOf(text)]
      return answer === wanted ? [] : [[text.slice(0, 200), answer.slice(0, 200), wanted?.slice(0, 200)]]
    })
    expect(differing).toEqual([])
    expect(hits).toBeGreaterThan(REQUESTS.length / 2)
  })
})

/** A few at a time, so that each meets what those before it have stored. */
async function inTurns(texts: readonly string[], ask: (text: string) => Promise<string>): Promise<string[]> {
  const answers: string[] = []
  for (let at = 0; at < texts.length; at += 4) {
    answers.push(...(await Promise.all(texts.slice(at, at + 4).map(ask))))
  }
  return answers
}
