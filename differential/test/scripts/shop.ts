import { type Exchange, exchange, type Script } from '../support/exchange.js'
import { httpScripts } from './http.js'
import { twice } from './twice.js'

const json = (method: string, target: string, value: unknown, rest: Parameters<typeof exchange>[1] = {}): Exchange =>
  exchange(`${method} ${target}`, { json: value, ...rest })

const token = { 'X-CSRF-Token': '{token}' }

/** Every method of a resource, with sessions, CSRF tokens, login and logout. */
const crudScript: Script = {
  name: 'create, read, update, delete, with sessions and CSRF',
  steps: [
    exchange('/items'),
    exchange('/items/1'),
    exchange('/items/99', { status: 404 }),
    exchange('HEAD /items/1'),
    exchange('/items/2'),
    json('POST', '/items', { name: 'kiwi' }, { status: 403, name: 'a write without a token' }),
    exchange('/csrf', { by: 'ann', captures: { token: /^X-Token: (.+)$/im }, name: 'ann gets a token' }),
    json(
      'POST',
      '/login',
      { username: 'ann', password: 'wrong' },
      { by: 'ann', headers: token, status: 401, name: 'ann mistypes' },
    ),
    json(
      'POST',
      '/login',
      { username: 'ann', password: "ann's secret" },
      { by: 'ann', headers: token, name: 'ann logs in' },
    ),
    exchange('/me', { by: 'ann', name: 'ann asks who she is' }),
    exchange('/me', { status: 401, name: 'nobody asks who they are' }),
    exchange('/csrf', { by: 'ann', captures: { token: /^X-Token: (.+)$/im }, name: 'ann gets a token of her login' }),
    exchange('/csrf', { by: 'bob', captures: { token: /^X-Token: (.+)$/im }, name: 'bob gets a token' }),
    json(
      'POST',
      '/login',
      { username: 'bob', password: "bob's secret" },
      { by: 'bob', headers: token, name: 'bob logs in' },
    ),
    exchange('/me', { by: 'bob', name: 'bob asks who he is' }),
    exchange('/me', { by: 'ann', name: 'ann asks again' }),
    json('POST', '/items', { name: 'kiwi' }, { by: 'ann', headers: token, status: 201, name: 'ann adds an item' }),
    exchange('/items', { name: 'the list after it' }),
    exchange('/items/4', { name: 'the new item' }),
    exchange('/items/1', { name: 'an item before it changes' }),
    json('PUT', '/items/1', { name: 'green apple' }, { by: 'ann', headers: token, name: 'ann replaces it' }),
    exchange('/items/1', { name: 'the replaced item' }),
    exchange('/items/1', { by: 'bob', name: 'bob reads the replaced item' }),
    json('PATCH', '/items/1', { name: 'red apple' }, { by: 'ann', headers: token, name: 'ann changes it' }),
    exchange('/items/1', { name: 'the changed item' }),
    exchange('HEAD /items/1', { name: 'the head of the changed item' }),
    json(
      'PUT',
      '/items/1',
      { name: 'stolen' },
      { headers: { 'X-CSRF-Token': 'guessed' }, status: 403, name: 'a forged write' },
    ),
    exchange('/items/1', { name: 'after a forged write' }),
    exchange('DELETE /items/4', { by: 'ann', headers: token, status: 204, name: 'ann deletes the new item' }),
    exchange('/items/4', { status: 404, name: 'the deleted item' }),
    exchange('DELETE /items/4', { by: 'ann', headers: token, status: 404, name: 'ann deletes it again' }),
    exchange('/items', { name: 'the list in the end' }),
    exchange('/visits', { by: 'ann', name: "ann's visits" }),
    exchange('/visits', { by: 'ann', name: "ann's next visit" }),
    exchange('/visits', { by: 'bob', name: "bob's visit" }),
    exchange('POST /logout', { by: 'ann', headers: token, status: 303, name: 'ann logs out' }),
    exchange('/me', { by: 'ann', status: 401, name: 'ann is nobody now' }),
    exchange('/me', { by: 'bob', name: 'bob is still there' }),
    ...twice('/begins-session'),
    json('PUT', '/open-items/2', { name: 'a pear' }),
    exchange('/open-items/2'),
    json('PUT', '/open-items/2', { name: 'two pears' }, { name: 'an open write' }),
    exchange('/open-items/2', { name: 'after an open write' }),
  ],
}

const tokensScript: Script = {
  name: 'bearer tokens',
  steps: [
    exchange('/private', { status: 401 }),
    json('POST', '/token', { name: 'ann' }, { by: 'ann', captures: { jwt: /"token":"([^"]+)"/ } }),
    exchange('/private', { by: 'ann', headers: { Authorization: 'Bearer {jwt}' } }),
    exchange('/private', { status: 401, name: 'without it again' }),
    exchange('/private', { headers: { Authorization: 'Bearer nonsense' }, status: 401 }),
    json('POST', '/token', { name: 'bob' }, { by: 'bob', captures: { jwt: /"token":"([^"]+)"/ } }),
    exchange('/private', { by: 'bob', headers: { Authorization: 'Bearer {jwt}' } }),
    exchange('/items/1', { headers: { Authorization: 'Bearer nonsense' } }),
    exchange('/items/1', { headers: { 'X-API-Key': 'a key' } }),
  ],
}

const errorsScript: Script = {
  name: 'errors',
  steps: [
    'sync',
    'rejected',
    'next',
    'late',
    'status',
    'fields',
    'default',
    'after-head',
    'after-end',
    'twice',
  ].flatMap((kind) => {
    const status = kind === 'status' ? 418 : kind.startsWith('after') || kind === 'twice' ? 200 : 500
    return [
      ...twice(`/errors/${kind}`, { status }),
      exchange(`POST /errors/${kind}`, { status }),
      exchange(`DELETE /errors/${kind}`, { status }),
      exchange('/send/string', { name: `after GET and POST of ${kind}` }),
    ]
  }),
}

const MULTIPART = [
  '--limit',
  'Content-Disposition: form-data; name="title"',
  '',
  'A title',
  '--limit',
  'Content-Disposition: form-data; name="files"; filename="a.txt"',
  'Content-Type: text/plain',
  '',
  'the bytes of a file',
  '--limit--',
  '',
].join('\r\n')

const bodiesScript: Script = {
  name: 'bodies that parsers read',
  steps: [
    json('POST', '/json', { a: [1, { b: 'ü' }] }),
    exchange('POST /json', {
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":',
      status: 400,
      name: 'malformed JSON',
    }),
    exchange('POST /json', {
      headers: { 'Content-Type': 'application/json' },
      body: `{"a":"${'x'.repeat(3000)}"}`,
      status: 413,
      name: 'too large',
    }),
    exchange('POST /form', { form: { a: '1', b: 'ä ö' } }),
    exchange('POST /text', { headers: { 'Content-Type': 'text/plain' }, body: 'plain text' }),
    exchange('POST /bytes', {
      headers: { 'Content-Type': 'application/octet-stream' },
      body: Buffer.alloc(200_000, 7),
    }),
    exchange('POST /upload', { headers: { 'Content-Type': 'multipart/form-data; boundary=limit' }, body: MULTIPART }),
    exchange('POST /upload', {
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit' },
      body: MULTIPART.replace('the bytes', 'x'.repeat(20_000)),
      status: 500,
      name: 'a file that is too large',
    }),
    exchange('POST /upload', {
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit' },
      body: MULTIPART,
      does: 'sends slowly',
      name: 'a slow upload',
    }),
    exchange('/send/string', { name: 'a read after uploads' }),
  ],
}

const answersScript: Script = {
  name: "the framework's ways of answering",
  steps: ['string', 'object', 'buffer', 'nothing', 'null', 'boolean', 'utf8', 'csv'].flatMap((kind) => [
    ...twice(`/send/${kind}`),
    exchange(`HEAD /send/${kind}`),
    exchange(`POST /send/${kind}`),
  ]),
}

const contextScript: Script = {
  name: 'context, nonces, fields of outer layers',
  steps: [
    ...twice('/context'),
    exchange('POST /context'),
    ...twice('/nonce'),
    exchange('HEAD /nonce'),
    ...['/removes', '/sets-again', '/replaces'].flatMap((target) => [...twice(target), exchange(`POST ${target}`)]),
    ...twice('/cookies'),
    exchange('POST /cookies'),
    ...twice('/links'),
  ],
}

/** For every framework's application. */
export const shopScripts: readonly Script[] = [
  crudScript,
  tokensScript,
  answersScript,
  errorsScript,
  bodiesScript,
  contextScript,
  ...httpScripts,
]
