import { exchange, type Script } from '../support/exchange.js'

/** For Express, and frameworks built on it. */
export const expressScripts: readonly Script[] = [
  {
    name: 'rendering, formats, JSONP, documentation',
    steps: [
      exchange('/render'),
      exchange('/render', { name: 'rendered again' }),
      exchange('HEAD /render'),
      exchange('POST /render'),
      exchange('/render-missing', { status: 500 }),
      exchange('POST /render-missing', { status: 500 }),
      ...[
        'text/html',
        'application/json',
        'text/plain',
        '*/*',
        'image/png',
        'text/html;q=0.5, application/json',
      ].flatMap((type) => [
        exchange('/format', { headers: { Accept: type }, status: type === 'image/png' ? 406 : 200 }),
        exchange('POST /format', { headers: { Accept: type }, status: type === 'image/png' ? 406 : 200 }),
      ]),
      ...['de', 'en-GB, en', 'xx', '*'].map((language) =>
        exchange('/accepts', { headers: { 'Accept-Language': language } }),
      ),
      ...['/jsonp', '/jsonp?callback=f', '/jsonp?callback=g', '/jsonp?callback=f(1)'].map((target) => exchange(target)),
      exchange('/redirect-away', { status: 302 }),
      exchange('POST /redirect-away', { status: 302 }),
      ...['/docs/', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css', '/docs/favicon-16x16.png'].map((target) =>
        exchange(target),
      ),
      exchange('/docs', { status: 301 }),
      ...[200, 201, 204, 404, 500].flatMap((code) => [
        exchange(`/send-status/${code}`, { status: code }),
        exchange(`POST /send-status/${code}`, { status: code }),
      ]),
    ],
  },
  {
    name: 'static files',
    steps: [
      ...['hello.txt', 'page.html', 'data.json', 'pixel.png', 'sub/', 'digits.txt'].flatMap((file) => [
        exchange(`/static/${file}`),
        exchange(`/static/${file}`, { name: `/static/${file} again` }),
        exchange(`HEAD /static/${file}`),
        exchange(`/static/${file}`, { headers: { 'Accept-Encoding': 'gzip' } }),
      ]),
      exchange('/static/sub', { status: 301 }),
      exchange('/static/', { status: 404 }),
      exchange('/static/nothing.txt', { status: 404 }),
      exchange('/static/.hidden', { status: 404 }),
      exchange('/static/../express.ts', { status: 404 }),
      exchange('/static/%2e%2e/express.ts', { status: 404 }),
      exchange('/static/%', { status: 404 }),
      exchange('POST /static/hello.txt', { status: 404 }),
      exchange('DELETE /static/hello.txt', { status: 404 }),
      exchange('/plain-static/hello.txt'),
      exchange('/plain-static/hello.txt', { name: 'a file without validators again' }),
    ],
  },
]
