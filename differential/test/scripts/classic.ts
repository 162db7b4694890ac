import { exchange, type Script } from '../support/exchange.js'

/** Common to frameworks with `(req, res, next)`: layers from npm, and handwritten routes. */
export const classicScripts: readonly Script[] = [
  {
    name: 'layers of npm around routes by hand',
    steps: [
      exchange('/me'),
      exchange('POST /login', { by: 'ann' }),
      exchange('/me', { by: 'ann', name: 'ann is known' }),
      exchange('/me', { name: 'nobody is known' }),
      exchange('POST /logout', { by: 'ann' }),
      exchange('/me', { by: 'ann', name: 'ann is gone' }),
      exchange('/begins-session'),
      exchange('/begins-session', { name: 'another begins a session' }),
      exchange('/version'),
      exchange('/version', { name: 'the version again' }),
      exchange('PUT /version'),
      exchange('/version', { name: 'the next version' }),
      exchange('HEAD /version'),
      exchange('DELETE /version', { status: 204 }),
      ...['gzip', 'br', 'identity'].flatMap((coding) => [
        exchange('/long', { headers: { 'Accept-Encoding': coding } }),
        exchange('POST /long', { headers: { 'Accept-Encoding': coding } }),
      ]),
      ...['https://app.example', 'https://other.example', 'https://evil.example'].flatMap((origin) => [
        exchange('/version', { headers: { Origin: origin } }),
        exchange('OPTIONS /version', {
          headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' },
          status: 204,
        }),
      ]),
      exchange('/removes'),
      exchange('/removes', { name: 'removes again' }),
      exchange('/context'),
      exchange('/redirect', { status: 301 }),
      exchange('/redirect', { status: 301, name: 'redirects again' }),
      ...['GET', 'POST'].flatMap((method) => [
        exchange(`${method} /throws`, { status: 500 }),
        exchange(`${method} /fails`, { status: 500 }),
      ]),
      exchange('/hello.txt'),
      exchange('/hello.txt', { name: 'a file again' }),
      exchange('/hello.txt', { headers: { Range: 'bytes=0-3' }, status: 206 }),
      exchange('/digits.txt', { headers: { Range: 'bytes=0-3' }, status: 206 }),
      exchange('/digits.txt', { headers: { 'Accept-Encoding': 'gzip' } }),
      exchange('/sub', { status: 301 }),
      exchange('/nothing.txt', { status: 404 }),
    ],
  },
]
