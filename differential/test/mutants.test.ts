import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { running } from './apps/listen.js'
import { rawRoutes, runRaw } from './apps/raw-routes.js'
import type { Application, Site } from './support/application.js'
import { showDifference } from './support/compare.js'
import { type Exchange, exchange } from './support/exchange.js'
import { runBoth } from './support/run-both.js'

type Layer = (req: IncomingMessage, res: ServerResponse, next: () => void, site: Site) => void

/** An application whose cache is a faulty layer. */
function withMutant(layer: Layer): Application {
  return {
    name: 'node:http with a mutant in place of the cache',
    places: ['outside of all'],
    start: (site) => {
      let version = 1
      const handle = (req: IncomingMessage, res: ServerResponse): void => {
        const handler = rawRoutes[(req.url ?? '').replace('/raw/', '')]
        if (handler !== undefined) return void runRaw(handler, req, res, site)
        if (req.method === 'PUT') version++
        site.note(req, `log: ${req.url}`)
        res.end(`version ${version}`)
      }
      return running(
        createServer((req, res) => {
          if (site.cache === undefined) handle(req, res)
          else layer(req, res, () => handle(req, res), site)
        }),
      )
    },
  }
}

async function seen(layer: Layer, ...steps: Exchange[]): Promise<string> {
  const { differences, misplaced } = await runBoth(withMutant(layer), 'outside of all', { name: 'a mutant', steps })
  expect(misplaced).toEqual([])
  return differences.map(showDifference).join('\n')
}

describe('the comparer', () => {
  test('sees no difference where there is none', async () => {
    expect(await seen((_req, _res, next) => next(), exchange('/raw/several-hints'), exchange('/raw/trailers'))).toBe('')
  })

  test('sees a lost field', async () => {
    const layer: Layer = (_req, res, next) => {
      const { setHeader } = res
      res.setHeader = (name, value) => (name === 'X-Stays' ? res : setHeader.call(res, name, value))
      next()
    }
    expect(await seen(layer, exchange('/raw/set-and-removed'))).toContain('- X-Stays: yes')
  })

  test('sees lines of one name in another order', async () => {
    const layer: Layer = (_req, res, next) => {
      const { setHeader } = res
      res.setHeader = (name, value) => setHeader.call(res, name, Array.isArray(value) ? value.toReversed() : value)
      next()
    }
    expect(await seen(layer, exchange('/raw/several-cookies'))).toContain('- Set-Cookie: a=1; Path=/')
  })

  test('sees a changed byte of a body', async () => {
    const layer: Layer = (_req, res, next) => {
      const { end } = res
      Object.assign(res, { end: (text: string) => end.call(res, text.replace('once', 'Once'), 'latin1', () => {}) })
      next()
    }
    expect(await seen(layer, exchange('/raw/end'))).toContain('+ (body of 13 bytes) "ended at Once"')
  })

  test('sees another reason phrase', async () => {
    const layer: Layer = (_req, res, next) => {
      Object.defineProperty(res, 'statusMessage', { get: () => 'Fine', set: () => {} })
      next()
    }
    expect(await seen(layer, exchange('/raw/end'))).toContain('+ HTTP/1.1 200 Fine')
  })

  test('sees a lost hint, and hints in another order', async () => {
    const losing: Layer = (_req, res, next) => {
      res.writeEarlyHints = () => {}
      next()
    }
    expect(await seen(losing, exchange('/raw/early-hints'))).toContain('- HTTP/1.1 103 Early Hints')
    const swapping: Layer = (_req, res, next) => {
      const { writeEarlyHints } = res
      const hints: Parameters<typeof writeEarlyHints>[0][] = []
      res.writeEarlyHints = (hint) => {
        hints.unshift(hint)
        if (hints.length === 2) for (const one of hints) writeEarlyHints.call(res, one)
      }
      next()
    }
    expect(await seen(swapping, exchange('/raw/several-hints'))).toContain('one.css')
  })

  test('sees lost trailers', async () => {
    const layer: Layer = (_req, res, next) => {
      res.addTrailers = () => {}
      next()
    }
    expect(await seen(layer, exchange('/raw/trailers'))).toContain('- (trailer) X-Sum: abc')
  })

  test('sees a body in other framing', async () => {
    const layer: Layer = (_req, res, next) => {
      res.removeHeader('Transfer-Encoding')
      res.setHeader('Content-Length', 17)
      next()
    }
    expect(await seen(layer, exchange('/raw/chunks'))).toContain('+ (framing: length)')
  })

  test('sees a connection that is not kept', async () => {
    const layer: Layer = (req, res, next) => {
      res.on('finish', () => req.socket.destroySoon())
      next()
    }
    expect(await seen(layer, exchange('/raw/end'))).toContain('+ (complete, connection closed)')
  })

  test('sees an answer that never comes', async () => {
    const layer: Layer = (req, _res, next) => {
      if (!String(req.headers['x-exchange']).endsWith('#2')) next()
    }
    expect(await seen(layer, exchange('/raw/end'))).toContain('+ (hangs, connection closed)')
  })

  test('sees an answer that breaks off', async () => {
    const layer: Layer = (_req, res, next) => {
      // By then the first pieces have been sent.
      res.end = () => {
        setImmediate(() => res.destroy())
        return res
      }
      next()
    }
    expect(await seen(layer, exchange('/raw/chunks'))).toContain('+ (cut off, connection closed)')
  })

  test('sees bytes that belong to no answer', async () => {
    const layer: Layer = (req, res, next) => {
      res.on('finish', () => req.socket.write('too much'))
      next()
    }
    expect(await seen(layer, exchange('HEAD /raw/end'))).toContain('+ (stray bytes: too much)')
  })

  test('sees a call that throws no more', async () => {
    const layer: Layer = (_req, res, next) => {
      const { setHeader } = res
      res.setHeader = (name, value) => (res.headersSent ? res : setHeader.call(res, name, value))
      next()
    }
    const difference = await seen(layer, exchange('/raw/set-after-head'))
    expect(difference).toContain('- (note) handler: set: ERR_HTTP_HEADERS_SENT')
  })

  test('sees a handler that is shown another URL', async () => {
    const layer: Layer = (req, _res, next) => {
      req.url = '/narrowed'
      next()
    }
    expect(await seen(layer, exchange('/items?page=2'))).toContain('+ (note) log: /narrowed')
  })

  test('sees a stale hit, for all that a hit may differ in', async () => {
    const layer: Layer = (req, res, next) => {
      if (req.method !== 'GET') return next()
      res.setHeader('Cache-Status', 'tiercel; hit; ttl=60')
      res.setHeader('Age', '1')
      res.end('version 1')
    }
    const difference = await seen(
      layer,
      exchange('/items'),
      exchange('PUT /items'),
      exchange('/items', { name: 'then' }),
    )
    expect(difference).toContain('+ (body of 9 bytes) "version 1"')
  })

  test("sees one visitor's cookie in another one's answer", async () => {
    const stored = new Map<string, string>()
    const layer: Layer = (req, res, next) => {
      const cookie = stored.get('cookie')
      if (cookie !== undefined) res.setHeader('Set-Cookie', cookie)
      stored.set('cookie', `of=${String(req.headers['x-exchange']).slice(0, 3)}`)
      next()
    }
    const difference = await seen(layer, exchange('/items', { by: 'ann' }), exchange('/items', { by: 'bob' }))
    expect(difference).toContain('+ Set-Cookie: of=GET')
  })
})

test('a script that asks for something else than it says is told', async () => {
  const { misplaced } = await runBoth(
    withMutant((_req, _res, next) => next()),
    'outside of all',
    { name: 'misplaced', steps: [exchange('/raw/no-content')] },
  )
  expect(misplaced).toEqual(['GET /raw/no-content: 204, not 200'])
})
