import { exchange, type Script } from '../support/exchange.js'

/** For Fastify only. */
export const fastifyScripts: readonly Script[] = [
  {
    name: 'streams, rendering, documentation',
    steps: [
      ...['/send/stream', '/send/web-stream', '/render', '/api-description'].flatMap((target) => [
        exchange(target),
        exchange(target, { name: `${target} again` }),
      ]),
      ...['/send/stream', '/send/web-stream', '/render'].flatMap((target) => [
        exchange(`HEAD ${target}`),
        exchange(`POST ${target}`),
      ]),
      ...['de', 'en-GB, en', 'xx', '*'].map((language) =>
        exchange('/accepts', { headers: { 'Accept-Language': language } }),
      ),
    ],
  },
  {
    // Without compression: @fastify/compress sends Vary only where it has compressed.
    name: 'static files',
    steps: [
      ...['hello.txt', 'page.html', 'data.json', 'pixel.png', 'sub/', 'digits.txt'].flatMap((file) => [
        exchange(`/static/${file}`),
        exchange(`/static/${file}`, { name: `/static/${file} again` }),
        exchange(`HEAD /static/${file}`),
      ]),
      exchange('/static/nothing.txt', { status: 404 }),
      exchange('/static/%2e%2e/express.ts', { status: 404 }),
      exchange('POST /static/hello.txt', { status: 404 }),
      exchange('DELETE /static/hello.txt', { status: 404 }),
      exchange('/plain-static/index.html'),
      exchange('/plain-static/index.html', { name: 'a file without validators again' }),
    ],
  },
]
