import { CACHE_CONTROLS } from '../apps/answers.js'
import { exchange, type Script } from '../support/exchange.js'

const again = (target: string, status = 200) => [
  exchange(target, { status }),
  exchange(target, { status, name: `${target} again` }),
]

/** Controllers, pipes, guards, interceptors, filters, versions. */
export const nestScripts: readonly Script[] = [
  {
    name: 'a resource of a controller',
    steps: [
      exchange('/items'),
      ...again('/items/1'),
      exchange('HEAD /items/1'),
      exchange('/items/99', { status: 404 }),
      exchange('/items/x', { status: 400 }),
      exchange('POST /items', { json: { name: 'kiwi' }, status: 201 }),
      exchange('/items', { name: 'the list after it' }),
      exchange('/items/4'),
      exchange('PUT /items/1', { json: { name: 'green apple' } }),
      exchange('/items/1', { name: 'the replaced item' }),
      exchange('PATCH /items/1', { json: { name: 'red apple' } }),
      exchange('/items/1', { name: 'the changed item' }),
      exchange('DELETE /items/4', { status: 204 }),
      exchange('/items/4', { status: 404, name: 'the deleted item' }),
      exchange('DELETE /items/4', { status: 404, name: 'deletes it again' }),
    ],
  },
  {
    name: "Nest's ways of answering",
    steps: [
      ...[
        '/string',
        '/nothing',
        '/long',
        '/later',
        '/query?a=1&a=2',
        '/stream',
        '/file',
        '/wrapped',
        '/context',
      ].flatMap((target) => again(target)),
      ...['/string', '/long', '/later'].map((target) => exchange(`HEAD ${target}`)),
      ...['gzip', 'br', 'identity'].map((coding) => exchange('/long', { headers: { 'Accept-Encoding': coding } })),
      ...again('/redirect', 301),
      ...again('/filtered', 422),
      ...again('/throws', 500),
      exchange('POST /throws', { json: {}, status: 418 }),
      exchange('POST /echo', { json: { a: 'ü' }, status: 201 }),
      exchange('POST /echo', {
        headers: { 'Content-Type': 'application/json' },
        body: '{"a":',
        status: 400,
        name: 'malformed',
      }),
      ...again('/no/such/page', 404),
      exchange('/guarded', { status: 401 }),
      exchange('/guarded', { headers: { 'X-Key': 'known' } }),
      exchange('/guarded', { status: 401, name: 'without the key again' }),
      exchange('/versioned'),
      exchange('/versioned', { headers: { 'X-Version': '2' } }),
      exchange('/versioned', { headers: { 'X-Version': '1' } }),
      exchange('/versioned', { headers: { 'X-Version': '3' }, status: 404 }),
      ...['https://app.example', 'https://other.example', 'https://evil.example'].flatMap((origin) => [
        exchange('/later', { headers: { Origin: origin } }),
        exchange('OPTIONS /later', {
          headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
          status: 204,
        }),
      ]),
      exchange('/later', { headers: { 'If-None-Match': '"other"' } }),
      ...Object.keys(CACHE_CONTROLS).flatMap((kind) => again(`/cache-control/${kind}`)),
    ],
  },
]
