import { type Exchange, exchange, type Script } from '../support/exchange.js'

const text = { 'Content-Type': 'text/plain' }
const body = 'x'.repeat(5000)

function leaves(method: string, route: string, does: Exchange['does'], name: string): Exchange {
  const content = method === 'POST' ? { headers: text, body: 'a body' } : {}
  return exchange(`${method} /raw/${route}`, {
    does,
    status: does === 'leaves in the body' ? 200 : 0,
    name: `${method}: ${name}`,
    ...content,
  })
}

const leaving = (method: string): Exchange[] => [
  leaves(method, 'waits-for-leaving', 'leaves while the handler runs', 'the client leaves before the head'),
  exchange('/raw/end', { name: `${method}: after one that left before the head` }),
  leaves(method, 'begins-and-waits-for-leaving', 'leaves in the body', 'the client leaves in the body'),
  exchange('/raw/chunks', { name: `${method}: after one that left in the body` }),
  leaves(method, 'writes-to-who-left', 'leaves while the handler runs', 'the handler answers one that left'),
]

export const connectionScripts: readonly Script[] = [
  {
    name: 'one connection for many requests',
    steps: [
      exchange('/raw/end'),
      exchange('/raw/chunks'),
      exchange('POST /raw/echo', { headers: text, body: 'one' }),
      exchange('HEAD /raw/end'),
      exchange('/raw/end', { name: 'again after a HEAD' }),
      exchange('POST /raw/ignores-body', { headers: text, body }),
      exchange('/raw/chunks', { name: 'after a body that nobody read' }),
      exchange('/raw/no-content'),
      exchange('/raw/end', { name: 'after a 204', status: 200 }),
      exchange('/raw/end', { headers: { Connection: 'close' } }),
      exchange('/raw/chunks', { headers: { Connection: 'close' } }),
      exchange('POST /raw/echo', { headers: { ...text, Connection: 'close' }, body: 'last' }),
      exchange('/raw/end?half-closed', { does: 'half-closes', name: 'a client that sends no more' }),
      exchange('POST /raw/echo', {
        headers: text,
        body: 'last',
        does: 'half-closes',
        name: 'a write by a client that sends no more',
      }),
    ].map((step) => (step.target === '/raw/no-content' ? { ...step, status: 204 } : step)),
  },
  {
    name: 'requests that do not wait for answers',
    steps: [
      ['/raw/end', '/raw/chunks', '/raw/buffer'].map((target) =>
        exchange(target, { name: `${target} among three reads` }),
      ),
      [
        exchange('/raw/slow-chunks', { name: 'a slow read first' }),
        exchange('/raw/end', { name: 'a fast read second' }),
        exchange('HEAD /raw/end', { name: 'a HEAD third' }),
        exchange('/raw/utf8', { name: 'another after the HEAD' }),
      ],
      [
        exchange('/raw/end', { name: 'a read before a write' }),
        exchange('POST /raw/echo', { headers: text, body: 'between', name: 'a write between reads' }),
        exchange('/raw/end', { name: 'a read after a write' }),
      ],
      [
        exchange('POST /raw/slow-chunks', { headers: text, body: 'one', name: 'the first of two writes' }),
        exchange('POST /raw/end', { headers: text, body: 'two', name: 'the second of two writes' }),
      ],
      [
        exchange('/raw/early-hints', { name: 'hints before another answer' }),
        exchange('/raw/trailers', { name: 'trailers between answers' }),
        exchange('/raw/end', { name: 'the last of three' }),
      ],
    ],
  },
  {
    name: 'HTTP/1.0',
    steps: [
      'end',
      'chunks',
      'slow-chunks',
      'explicit-length',
      'trailers',
      'flush-headers',
      'early-hints',
      'large',
    ].flatMap((name) => [
      exchange(`/raw/${name}`, { version: '1.0' }),
      exchange(`/raw/${name}`, { version: '1.0', headers: { Connection: 'keep-alive' } }),
      exchange(`POST /raw/${name}`, { version: '1.0', headers: text, body: 'old' }),
    ]),
  },
  {
    name: 'bodies of requests',
    steps: [
      exchange('POST /raw/echo', { headers: { ...text, Expect: '100-continue' }, body, does: 'waits for 100' }),
      exchange('PUT /raw/echo', { headers: { ...text, Expect: '100-continue' }, body: 'put', does: 'waits for 100' }),
      exchange('POST /raw/ignores-body', {
        headers: { ...text, Expect: '100-continue' },
        body: 'x',
        does: 'waits for 100',
      }),
      exchange('POST /raw/echo', { headers: { ...text, Expect: 'miracles' }, body: 'x', status: 417 }),
      exchange('POST /raw/echo', { headers: text, body, does: 'sends slowly', name: 'a body in small pieces' }),
      exchange('POST /raw/pipe-back', {
        headers: text,
        body: body.repeat(20),
        does: 'sends slowly',
        name: 'piped back',
      }),
      exchange('POST /raw/echo', { headers: text, body, chunkedWith: [], name: 'a chunked body' }),
      exchange('POST /raw/request-trailers', {
        headers: { ...text, Trailer: 'X-Sum' },
        body,
        chunkedWith: ['X-Sum: 1'],
        name: 'trailers of a request',
      }),
      exchange('POST /raw/echo', { headers: text, body: '', name: 'an empty body' }),
      exchange('POST /raw/echo', {
        headers: text,
        body: Buffer.from([0, 1, 2, 127, 128, 254, 255]),
        name: 'a binary body',
      }),
      exchange('POST /raw/echo', { name: 'no body at all' }),
      exchange('DELETE /raw/echo', { headers: text, body: 'a body of a DELETE' }),
      exchange('DELETE /raw/echo', { name: 'a DELETE without body' }),
      exchange('GET /raw/echo', { headers: text, body: 'a body of a GET', name: 'a GET with a body' }),
      exchange('PATCH /raw/echo', { headers: text, body: 'patch' }),
    ],
  },
  {
    name: 'fields of requests',
    steps: [
      exchange('/raw/request', { headers: { Accept: '*/*', 'User-Agent': 'a browser' } }),
      exchange('/raw/request?a=1&a=2&b=%C3%A4&c'),
      exchange('POST /raw/request?a=1&a=2&b=%C3%A4&c', { headers: text, body: 'x' }),
      exchange('POST /raw/raw-request', { headers: { ...text, 'X-List': ['a', 'b'] }, body: 'x' }),
      exchange('/raw/raw-request', { headers: { 'X-List': ['a', 'b'] } }),
    ],
  },
  { name: 'clients that leave a read', steps: leaving('GET') },
  {
    name: 'clients that leave a write',
    steps: [
      ...leaving('POST'),
      exchange('POST /raw/reads-half-a-request', {
        headers: text,
        body: 'not all of it',
        does: 'leaves in the request',
        status: 0,
      }),
      exchange('/raw/end', { name: 'after half a request' }),
    ],
  },
  {
    name: 'methods',
    steps: ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'REPORT', 'PURGE'].flatMap((method) => [
      exchange(`${method} /raw/end`),
      exchange(`${method} /raw/chunks`),
      exchange('/raw/end', { name: `a read after ${method}` }),
    ]),
  },
]
