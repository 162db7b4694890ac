import { CACHE_CONTROLS, STATUSES } from '../apps/answers.js'
import { exchange, type Script } from '../support/exchange.js'
import { twice } from './twice.js'

const statusScript: Script = {
  name: 'statuses and redirects',
  steps: [
    ...STATUSES.flatMap((status) => [
      ...twice(`/status/${status}`, { status }),
      exchange(`POST /status/${status}`, { status }),
    ]),
    ...[301, 302, 303, 307, 308].flatMap((status) => [
      exchange(`/redirect/${status}`, { status }),
      exchange(`POST /redirect/${status}`, { status }),
      exchange(`HEAD /redirect/${status}`, { status }),
    ]),
    ...twice('/no/such/page', { status: 404 }),
    exchange('POST /no/such/page', { status: 404 }),
    exchange('DELETE /items', { status: 404 }),
  ],
}

const cacheControlScript: Script = {
  name: 'what handlers say about caching',
  steps: [
    ...Object.keys(CACHE_CONTROLS).flatMap((kind) => twice(`/cache-control/${kind}`)),
    ...Object.keys(CACHE_CONTROLS).map((kind) => exchange(`HEAD /cache-control/${kind}`)),
    ...['/expires', '/expired', '/etag/strong', '/etag/weak', '/etag/private', '/last-modified'].flatMap((target) =>
      twice(target),
    ),
    ...twice('/vary/star'),
    ...['de', 'en', 'de, en;q=0.5'].flatMap((language) =>
      twice('/vary/language', { headers: { 'Accept-Language': language } }),
    ),
    ...['one', 'two'].flatMap((agent) => twice('/vary/agent', { headers: { 'User-Agent': agent } })),
    ...['text/html', 'application/json'].flatMap((type) =>
      twice('/vary/two', { headers: { Accept: type, 'Accept-Language': 'en' } }),
    ),
    ...['theme=dark', 'theme=light', 'other=1'].flatMap((cookie) =>
      twice('/vary/cookie', { headers: { Cookie: cookie } }),
    ),
    exchange('/vary/cookie'),
  ],
}

const CONDITIONS: readonly Readonly<Record<string, string>>[] = [
  { 'If-None-Match': '"v1"' },
  { 'If-None-Match': 'W/"v1"' },
  { 'If-None-Match': '"other", "v1"' },
  { 'If-None-Match': '"other"' },
  { 'If-None-Match': '*' },
  { 'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
  { 'If-Modified-Since': 'Sat, 05 Nov 1994 08:49:37 GMT' },
  { 'If-Modified-Since': 'Fri, 31 Dec 2100 23:59:59 GMT' },
  { 'If-Modified-Since': 'not a date' },
  { 'If-None-Match': '"other"', 'If-Modified-Since': 'Fri, 31 Dec 2100 23:59:59 GMT' },
]

const conditionsScript: Script = {
  name: 'conditions on what handlers send',
  steps: ['/etag/strong', '/etag/weak', '/etag/private', '/last-modified'].flatMap((target) => [
    ...CONDITIONS.map((headers) => exchange(target, { headers, status: statusUnder(target, headers) })),
    exchange(`HEAD ${target}`, {
      headers: { 'If-None-Match': '"v1"' },
      status: target === '/last-modified' ? 200 : 304,
    }),
  ]),
}

/** RFC 9110 section 13.2.2. */
function statusUnder(target: string, headers: Readonly<Record<string, string>>): number {
  const tags = headers['If-None-Match']
  const since = headers['If-Modified-Since']
  if (tags !== undefined) {
    const matches = tags === '*' || (target !== '/last-modified' && tags.includes('"v1"'))
    return matches ? 304 : 200
  }
  if (target !== '/last-modified' || since === undefined) return 200
  return Date.parse(since) >= Date.parse('Sun, 06 Nov 1994 08:49:37 GMT') ? 304 : 200
}

const ENCODINGS = ['gzip', 'br', 'deflate', 'gzip, br;q=0.5', 'identity', 'gzip;q=0', '*', 'unknown', '*;q=0, gzip']

const encodingsScript: Script = {
  name: 'compression',
  steps: [
    ...['/send/long', '/send/long-flushed', '/send/long-no-transform', '/send/string'].flatMap((target) => [
      ...ENCODINGS.map((coding) => exchange(target, { headers: { 'Accept-Encoding': coding } })),
      exchange(target),
      exchange(`HEAD ${target}`, { headers: { 'Accept-Encoding': 'gzip' } }),
      exchange(`POST ${target}`, { headers: { 'Accept-Encoding': 'gzip' } }),
      exchange(`POST ${target}`),
    ]),
    ...['gzip', 'br', 'identity'].map((coding) => exchange('/items/1', { headers: { 'Accept-Encoding': coding } })),
  ],
}

const RANGES = [
  'bytes=0-1',
  'bytes=5-',
  'bytes=-4',
  'bytes=0-0,3-4',
  'bytes=99999-',
  'bytes=2-1',
  'lines=1-2',
  'bytes=0-99999',
]
const RANGE_STATUS: Readonly<Record<string, number>> = {
  'bytes=99999-': 416,
  'bytes=2-1': 416,
  'lines=1-2': 200,
  'bytes=0-0,3-4': 200,
}

/** Routes to one file of 10 800 bytes. */
const FILES = ['/file', '/file-private', '/download', '/static/digits.txt']

/** Parts first, then the whole, then parts again, since a cache may know the whole only then. */
const filesScript: Script = {
  name: 'files, parts of them, conditions',
  steps: FILES.flatMap((route) => [
    ...RANGES.map((range) =>
      exchange(route, {
        headers: { Range: range },
        name: `${route} ${range}, first`,
        status: RANGE_STATUS[range] ?? 206,
      }),
    ),
    exchange(route, { captures: { etag: /^ETag: (.+)$/im, modified: /^Last-Modified: (.+)$/im }, by: route }),
    exchange(route, { name: `${route} again` }),
    exchange(`HEAD ${route}`),
    ...RANGES.map((range) =>
      exchange(route, {
        headers: { Range: range },
        name: `${route} ${range}, then`,
        status: RANGE_STATUS[range] ?? 206,
      }),
    ),
    exchange(route, { by: route, headers: { 'If-None-Match': '{etag}' }, status: 304 }),
    exchange(route, { by: route, headers: { 'If-Modified-Since': '{modified}' }, status: 304 }),
    exchange(route, { headers: { 'If-None-Match': '"other"' } }),
    exchange(route, { by: route, headers: { Range: 'bytes=0-3', 'If-Range': '{etag}' }, status: 206 }),
    exchange(route, { by: route, headers: { Range: 'bytes=0-3', 'If-Range': '{modified}' }, status: 206 }),
    exchange(route, { headers: { Range: 'bytes=0-3', 'If-Range': '"other"' } }),
    exchange(route, { by: route, headers: { 'If-Match': '{etag}' } }),
    exchange(route, { headers: { 'If-Match': '"other"' }, status: 412 }),
    exchange(route, { headers: { 'If-Unmodified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' }, status: 412 }),
    exchange(`POST ${route}`),
    exchange(route, { name: `${route} in the end` }),
  ]),
}

const corsScript: Script = {
  name: 'origins and preflights',
  steps: ['/items/1', '/send/object', '/cache-control/public'].flatMap((target) => [
    exchange(target),
    exchange(target, { headers: { Origin: 'https://app.example' } }),
    exchange(target, { headers: { Origin: 'https://other.example' } }),
    exchange(target, { headers: { Origin: 'https://evil.example' } }),
    exchange(target, { name: `${target} without an origin again` }),
    exchange(`OPTIONS ${target}`, {
      headers: {
        Origin: 'https://app.example',
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'x-csrf-token',
      },
      status: 204,
    }),
    exchange(`OPTIONS ${target}`, { status: 204 }),
    exchange(`POST ${target}`, {
      headers: { Origin: 'https://app.example' },
      status: target === '/items/1' ? 404 : 200,
    }),
  ]),
}

const targetsScript: Script = {
  name: 'targets and fields of requests',
  steps: [
    ...[
      '/query',
      '/query?',
      '/query?a=1',
      '/query?a=1&a=2',
      '/query?a=2&a=1',
      '/query?a[]=1&a[]=2',
      '/query?f[x]=1&f[y]=2',
    ]
      .concat([
        '/query?%C3%A4=%F0%9F%A6%85',
        '/query?a=1%262',
        '/query?a=+b%20c',
        '/query?utm_source=x&a=1',
        '/query?a',
      ])
      .map((target) => exchange(target)),
    exchange(`/query?long=${'x'.repeat(3000)}`, { name: 'a long target' }),
    exchange(`/query?long=${'y'.repeat(9000)}`, { name: 'a target longer than what has a key' }),
    exchange('/query?a=1&a=2', { name: 'repeated parameters again' }),
    ...[
      '/path/a',
      '/path/a/',
      '/path/%61',
      '/path//a',
      '/path/a;b=c',
      '/path/caf%C3%A9',
      '/path/a%2Fb',
      '/path/%20',
    ].map((target) => exchange(target)),
    exchange('/path/a', { name: '/path/a again' }),
    exchange('POST /path/a?x=1'),
    exchange('/request'),
    exchange('POST /request'),
    exchange('/request?xhr', { by: 'somebody', headers: { 'X-Requested-With': 'XMLHttpRequest' } }),
    exchange('/request', {
      headers: { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'proxied.example', 'X-Forwarded-For': '10.1.2.3' },
    }),
    exchange('POST /request', { headers: { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '10.1.2.3' } }),
    exchange('/send/string?tracking=1', {
      headers: { Cookie: 'theme=dark' },
      name: 'with a cookie that does not matter',
    }),
    exchange('/send/string?tracking=1', { name: 'without it' }),
    exchange('/send/string', { headers: { Accept: 'application/json, text/event-stream' } }),
    exchange('/send/string', { headers: { 'Cache-Control': 'no-cache', Pragma: 'no-cache' } }),
    exchange('/send/string', { headers: { 'Cache-Control': 'no-store' } }),
  ],
}

/** What HTTP says about reading, played on every framework's application. */
export const httpScripts: readonly Script[] = [
  statusScript,
  cacheControlScript,
  conditionsScript,
  encodingsScript,
  filesScript,
  corsScript,
  targetsScript,
]
