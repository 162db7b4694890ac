import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'

/** The same path from `dist` and from `src`. */
const PUBLIC = new URL('../public/', import.meta.url)

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
  ...['page.js', 'answers.js', 'cache-status.js', 'history.js'].map((file) => ({
    path: `/${file}`,
    file,
    type: 'text/javascript; charset=utf-8',
  })),
  { path: '/favicon.svg', file: 'favicon.svg', type: 'image/svg+xml' },
]

/** The start page and its files: a handful, each read once. */
export const page: FastifyPluginAsync = async (app) => {
  for (const { path, file, type } of FILES) {
    const bytes = await readFile(new URL(file, PUBLIC))
    app.get(path, async (_request, reply) =>
      reply
        .headers({
          'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
          'cache-control': 'no-cache',
        })
        .type(type)
        .send(bytes),
    )
  }
}
