import type { RequestListener } from 'node:http'
import { gunzipSync } from 'node:zlib'
import compression from 'compression'
import compression17 from 'compression1.7'
import cookieSession from 'cookie-session'
import cors from 'cors'
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import session from 'express-session'
import express4 from 'express4'
import fastify, { type FastifyInstance } from 'fastify'
import helmet from 'helmet'
import morgan from 'morgan'
import onHeaders from 'on-headers'
import responseTime from 'response-time'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/fastify.js'
import { later, newCache } from './support/apps.js'
import { ask, type Reply } from './support/client.js'
import { essence, type Twins, twins } from './support/twins.js'

type MakeExpress = () => Express

/** An application in this version of Express, with and without the cache in its place. */
function expressTwins(
  make: MakeExpress,
  outside: readonly RequestHandler[],
  build: (app: Express) => void,
): Promise<Twins> {
  return twins((layer) => {
    const app = make()
    for (const handler of outside) app.use(handler)
    app.use(layer as unknown as RequestHandler)
    build(app)
    return app as RequestListener
  })
}

const compressions: readonly (readonly [string, () => RequestHandler])[] = [
  ['compression 1.8', () => compression({ threshold: 0 })],
  ['compression 1.7', () => compression17({ threshold: 0 })],
]

describe.each([
  ['Express 5', express as MakeExpress],
  ['Express 4', express4 as unknown as MakeExpress],
])('%s: layers inside keep their part in the answer to a write', (_, make) => {
  it('cookie-session: the login cookie', async () => {
    const app = await expressTwins(make, [], (inside) => {
      inside.use(cookieSession({ keys: ['k'] }) as RequestHandler)
      inside.post('/login', (req, res) => {
        Object.assign(req.session ?? {}, { user: 'u' })
        res.json({ ok: true })
      })
    })
    const { plain, cached } = await app.ask('/login', { method: 'POST' })
    expect(cached.lines('set-cookie')).toHaveLength(2)
    expect(essence(cached)).toEqual(essence(plain))
  })

  it('express-session: the session is saved before the answer ends', async () => {
    const app = await expressTwins(make, [], (inside) => {
      inside.use(session({ secret: 's', resave: false, saveUninitialized: false, genid: () => 'fixed' }))
      inside.post('/login', (req, res) => {
        Object.assign(req.session, { user: 'u' })
        res.json({ ok: true })
      })
      inside.put('/who', (req, res) => void res.json({ user: (req.session as { user?: string }).user }))
    })
    const { plain, cached } = await app.ask('/login', { method: 'POST' })
    expect(essence(cached)).toEqual(essence(plain))
    const cookie = (cached.header('set-cookie') as string).split(';', 1)[0] as string
    expect((await ask(app.cached, '/who', { method: 'PUT', headers: { cookie } })).text()).toBe('{"user":"u"}')
  })

  it('response-time, morgan, helmet, cors and on-headers, inside and outside', async () => {
    const lines: string[] = []
    const log = morgan(':method :url :status :res[content-length] :res[x-late]', {
      stream: { write: (l) => lines.push(l) },
    })
    const layers = [log, responseTime(), helmet(), cors({ origin: true }), late] as RequestHandler[]
    for (const [outside, inner] of [
      [layers, []],
      [[], layers],
      [layers, layers],
    ] as const) {
      const app = await expressTwins(make, outside, (inside) => {
        for (const layer of inner) inside.use(layer)
        inside.post('/', (_req, res) => void res.status(201).location('/x').json({ ok: true }))
      })
      const { plain, cached } = await app.ask('/', { method: 'POST', headers: { Origin: 'http://o.example' } })
      expect(essence(cached)).toEqual(essence(plain))
      expect(cached.header('x-response-time')).toMatch(/ms$/)
      const logged = lines.splice(0)
      const half = logged.length / 2
      expect(logged.slice(half)).toEqual(logged.slice(0, half))
      expect(logged[0]).toBe('POST / 201 11 1\n')
    }
  })

  it.each(compressions)('%s, inside and outside, whole and flushed piece by piece', async (_name, compress) => {
    for (const outer of [[compress()], []]) {
      const app = await expressTwins(make, outer, (inside) => {
        if (outer.length === 0) inside.use(compress())
        inside.post('/json', (_req, res) => void res.json({ text: 'x'.repeat(5_000) }))
        inside.post('/flushed', async (_req, res) => {
          res.type('text/plain')
          res.flushHeaders()
          res.write('one ')
          ;(res as Response & { flush(): void }).flush()
          await new Promise((resolve) => setImmediate(resolve))
          res.write('two')
          res.end()
        })
      })
      for (const path of ['/json', '/flushed']) {
        const { plain, cached } = await app.ask(path, { method: 'POST', headers: { 'Accept-Encoding': 'gzip' } })
        expect(gunzip(cached)).toBe(gunzip(plain))
        expect(cached.header('content-encoding')).toBe(plain.header('content-encoding'))
      }
    }
  })

  it('a handler that answers twice: the first answer, its own error, a living process', async () => {
    const errors: string[] = []
    const app = await expressTwins(make, [], (inside) => {
      inside.post('/twice', (_req, res) => {
        res.json({ first: true })
        res.json({ second: true })
      })
      inside.post('/after', (_req, res) => {
        res.json({ first: true })
        throw new Error('after the answer')
      })
      inside.post('/before', () => {
        throw new Error('before the answer')
      })
      inside.use((error: NodeJS.ErrnoException, _req: Request, res: Response, next: NextFunction) => {
        errors.push(error.code ?? error.message)
        if (res.headersSent) next(error)
        else res.status(500).send('sorry')
      })
    })
    for (const path of ['/twice', '/after', '/before']) {
      const replies = await Promise.all(
        [app.plain, app.cached].map((port) => ask(port, path, { method: 'POST' }).then(essence, (e) => e.code)),
      )
      // Express destroys the socket of an answer that fails after its head; how much had left by then is a race.
      if (path === '/before') expect(replies[1]).toEqual(replies[0])
      expect(errors.splice(0)).toHaveLength(2)
    }
  })
})

const late: RequestHandler = (_req, res, next) => {
  onHeaders(res, () => void res.setHeader('X-Late', '1'))
  next()
}

function gunzip(reply: Reply): string {
  return reply.header('content-encoding') === 'gzip' ? gunzipSync(reply.body).toString() : reply.text()
}

describe('Fastify: a write behaves as if there were no cache', () => {
  async function fastifyTwins(build: (app: FastifyInstance, log: (what: unknown) => void) => unknown) {
    const logs = { plain: [] as unknown[], cached: [] as unknown[] }
    const make = async (which: 'plain' | 'cached'): Promise<FastifyInstance> => {
      const app = fastify({ forceCloseConnections: true })
      if (which === 'cached') await app.register(httpCache, { cache: newCache(), ttl: '1m' })
      await build(app, (what) => void logs[which].push(what))
      later(() => app.close())
      return app
    }
    return { plain: await make('plain'), cached: await make('cached'), logs }
  }

  it.each(['a socket', 'inject'])('through %s', async (by) => {
    const { plain, cached, logs } = await fastifyTwins((app, log) => {
      app.addHook('onSend', (_request, reply, _payload, done) => {
        reply.header('set-cookie', ['a=1', 'b=2'])
        done()
      })
      app.addHook('onResponse', async (_request, reply) => log(['onResponse', reply.statusCode]))
      app.post('/json', async (_request, reply) => reply.code(201).header('location', '/x').send({ ok: true }))
      app.post('/nothing', async (_request, reply) => reply.code(204).send())
      app.post('/twice', (_request, reply) => {
        void reply.send('one')
        try {
          void reply.send('two')
        } catch (error) {
          log((error as { code: string }).code)
        }
      })
      app.post('/raw', (_request, reply) => {
        reply.hijack()
        reply.raw.on('finish', () => log('finish')).on('close', () => log('close'))
        reply.raw.writeHead(200, { 'X-Raw': '1' })
        reply.raw.write('a')
        reply.raw.end('b', () => log('end'))
      })
      app.post('/throws', async () => {
        throw new Error('boom')
      })
    })
    for (const path of ['/json', '/nothing', '/twice', '/raw', '/throws']) {
      const [expected, given] = await Promise.all([plain, cached].map((app) => post(app, path, by === 'inject')))
      expect(given).toEqual(expected)
    }
    await expect.poll(() => logs.cached.length).toBe(logs.plain.length)
    expect(logs.cached.map(String).sort()).toEqual(logs.plain.map(String).sort())
  })

  it('inject is answered when the old response has gone', async () => {
    let version = 1
    const { cached } = await fastifyTwins((app) => {
      app.get('/', async () => `version ${version}`)
      app.put('/', async () => `version ${++version}`)
    })
    for (let round = 1; round < 4; round++) {
      expect((await cached.inject('/')).body).toBe(`version ${round}`)
      expect((await cached.inject('/')).headers['cache-status']).toContain('hit')
      await cached.inject({ method: 'PUT', url: '/' })
    }
  })
})

async function post(app: FastifyInstance, path: string, inject: boolean): Promise<unknown> {
  const own = ['date', 'cache-status', 'connection', 'keep-alive']
  if (inject) {
    const { statusCode, headers, body } = await app.inject({ method: 'POST', url: path })
    return { statusCode, headers: Object.entries(headers).filter(([name]) => !own.includes(name)), body }
  }
  if (!app.server.listening) {
    await app.listen({ port: 0, host: '127.0.0.1' })
  }
  return essence(await ask((app.server.address() as { port: number }).port, path, { method: 'POST' }))
}
