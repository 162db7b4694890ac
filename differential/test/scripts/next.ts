import { type Exchange, exchange, type Script } from '../support/exchange.js'
import { twice } from './twice.js'

const json = (method: string, target: string, value: unknown, rest: Parameters<typeof exchange>[1] = {}): Exchange =>
  exchange(`${method} ${target}`, { json: value, ...rest })

/** The fields that Next's own client sends when it goes from page to page. */
const RSC = { RSC: '1', 'Next-Router-State-Tree': '%5B%22%22%2C%7B%7D%5D', 'Next-Url': '/' }
const PREFETCH = { RSC: '1', 'Next-Router-Prefetch': '1' }

/** Next redirects a client that asks without the name of what it has to the URL with that name. */
const fromPageToPage = (target: string, headers: Record<string, string>): Exchange[] => {
  const named = `${target}${target.includes('?') ? '&' : '?'}_rsc={rsc}`
  return [
    exchange(target, { headers, by: 'browser', captures: { rsc: /_rsc=([\w-]+)/ }, status: 307 }),
    exchange(named, { headers, by: 'browser' }),
    exchange(named, { headers, by: 'browser', name: `${target} once more, ${Object.keys(headers).join()}` }),
  ]
}

const routeHandlers: Script = {
  name: 'route handlers: a resource, streams, cookies, errors, redirects',
  steps: [
    ...twice('/api/items'),
    ...twice('/api/items/1'),
    exchange('HEAD /api/items/1'),
    ...twice('/api/items/99', { status: 404 }),
    json('POST', '/api/items', { name: 'kiwi' }, { status: 201 }),
    exchange('/api/items', { name: 'the list after it' }),
    exchange('/api/items/3'),
    json('PUT', '/api/items/1', { name: 'green apple' }),
    exchange('/api/items/1', { name: 'the replaced item' }),
    exchange('DELETE /api/items/3', { status: 204 }),
    exchange('/api/items/3', { status: 404, name: 'the deleted item' }),
    exchange('DELETE /api/items/3', { status: 404 }),
    exchange('PATCH /api/items/1', { status: 405 }),
    exchange('POST /api/items', { headers: { 'Content-Type': 'application/json' }, body: '{"a":', status: 500 }),
    ...twice('/api/text'),
    ...twice('/api/text?a=1&a=2'),
    exchange('HEAD /api/text'),
    exchange('OPTIONS /api/text', { status: 204 }),
    exchange('POST /api/text', { headers: { 'Content-Type': 'text/plain' }, body: 'a body' }),
    ...twice('/api/stream'),
    exchange('POST /api/stream'),
    exchange('/api/stream', { does: 'leaves in the body', name: 'a stream that is left' }),
    ...twice('/api/cookies'),
    exchange('POST /api/cookies'),
    exchange('/api/cookies', { by: 'ann', name: 'ann gets cookies' }),
    exchange('/api/cookies', { by: 'ann', name: 'ann comes again' }),
    ...['public', 'private', 'no-store', 'no-cache', 's-maxage'].flatMap((kind) => [
      ...twice(`/api/conditional?kind=${kind}`),
      exchange(`HEAD /api/conditional?kind=${kind}`),
      exchange(`/api/conditional?kind=${kind}`, { headers: { 'If-None-Match': '"other"' } }),
    ]),
    ...twice('/api/fails', { status: 500 }),
    exchange('POST /api/fails', { status: 500 }),
    ...twice('/api/redirects', { status: 307 }),
    exchange('POST /api/redirects', { status: 303 }),
  ],
}

const pages: Script = {
  name: 'pages: static, dynamic, streamed, by cookies, and what the router of the browser asks',
  steps: [
    ...['/', '/dynamic', '/dynamic?a=1', '/revalidated', '/items/1', '/form'].flatMap((target) => [
      ...twice(target),
      exchange(`HEAD ${target}`),
      ...fromPageToPage(target, RSC),
      ...fromPageToPage(target, PREFETCH),
      exchange(target, { name: `${target} as a page again` }),
      exchange(target, { headers: { 'Accept-Encoding': 'gzip' } }),
    ]),
    ...twice('/moved', { status: 307 }),
    ...twice('/gone', { status: 404 }),
    ...twice('/no/such/page', { status: 404 }),
    ...twice('/alias/1'),
    ...twice('/old', { status: 308 }),
    exchange('/dynamic/', { status: 308 }),
    exchange('POST /no/such/page', { status: 404 }),
    ...twice('/guarded', { status: 401 }),
    exchange('/guarded', { headers: { 'X-Key': 'known' } }),
    exchange('/guarded', { status: 401, name: 'without the key again' }),
    ...['de', 'en'].flatMap((language) => [
      exchange('/themed', { headers: { 'Accept-Language': language, Cookie: 'theme=dark' } }),
      exchange('/themed', { headers: { 'Accept-Language': language, Cookie: 'theme=light' } }),
    ]),
    ...twice('/hello.txt'),
    exchange('/hello.txt', { headers: { Range: 'bytes=0-1' }, status: 206 }),
    exchange('/_next/static/nothing.js', { status: 404 }),
    exchange('/items/1', { does: 'leaves after the head', name: 'a page that is left' }),
    exchange('/items/1', { name: 'the page after that' }),
  ],
}

const actions: Script = {
  name: 'server actions and the pages router',
  steps: [
    exchange('/form', { by: 'ann', captures: { action: /\$ACTION_ID_([0-9a-f]+)/ } }),
    exchange('POST /form', {
      by: 'ann',
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit', Origin: 'http://shop.example' },
      body: [
        '--limit',
        'Content-Disposition: form-data; name="$ACTION_ID_{action}"',
        '',
        '',
        '--limit',
        'Content-Disposition: form-data; name="theme"',
        '',
        'dark',
        '--limit--',
        '',
      ].join('\r\n'),
      status: 303,
    }),
    exchange('POST /form', {
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit', Origin: 'http://evil.example' },
      body: '--limit--\r\n',
      name: 'an action of another origin',
      status: 500,
    }),
    exchange('/form', { name: 'the form again' }),
    ...['json', 'cookie', 'raw'].flatMap((kind) => [
      ...twice(`/api/legacy?kind=${kind}`),
      exchange(`HEAD /api/legacy?kind=${kind}`),
      json('POST', `/api/legacy?kind=${kind}`, { a: 1 }),
    ]),
    ...twice('/api/legacy?kind=redirect', { status: 307 }),
    ...twice('/api/legacy?kind=throws', { status: 500 }),
    exchange('POST /api/legacy?kind=throws', { status: 500 }),
    ...['dark', 'light'].map((theme) => exchange('/api/legacy?kind=json', { headers: { Cookie: `theme=${theme}` } })),
    ...['none', 'public'].flatMap((kind) => [
      ...twice(`/legacy/1?kind=${kind}`),
      exchange(`HEAD /legacy/1?kind=${kind}`),
    ]),
    ...twice('/legacy/1?kind=missing', { status: 404 }),
    ...twice('/legacy/1?kind=moved', { status: 307 }),
  ],
}

/** A Next.js application behind a custom server. */
export const nextScripts: readonly Script[] = [routeHandlers, pages, actions]
