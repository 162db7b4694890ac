import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpCache } from '@tiercel/cache-core/connect'
import compression from 'compression'
import connect from 'connect'
import cookieSession from 'cookie-session'
import cors from 'cors'
import helmet from 'helmet'
import polka from 'polka'
import responseTime from 'response-time'
import serveStatic from 'serve-static'
import type { Application, Place, Site } from '../support/application.js'
import { LONG_TEXT } from './answers.js'
import { RequestContext } from './context.js'
import { STATIC } from './fixtures.js'
import { listen } from './listen.js'
import { rawRoutes, runRaw } from './raw-routes.js'

type Next = (error?: unknown) => void
export type ClassicLayer = (req: IncomingMessage, res: ServerResponse, next: Next) => void

/** What frameworks with `(req, res, next)` have in common. */
interface Classic {
  use(layer: ClassicLayer): unknown
  readonly handler: (req: IncomingMessage, res: ServerResponse) => unknown
}

export const connectApp: Application = classic('connect', () => {
  const app = connect()
  return { use: (layer) => app.use(layer), handler: app }
})

export const polkaApp: Application = classic('polka', () => {
  const app = polka({
    onError: (error, _req, res) => {
      res.statusCode = 500
      res.end(String(error))
    },
  })
  return { use: (layer) => app.use(layer as never), handler: (req, res) => app.handler(req as never, res) }
})

function classic(name: string, make: () => Classic): Application {
  return {
    name,
    places: ['outside of all', 'inside of all'],
    start: (site) => {
      const app = make()
      const context = new RequestContext()
      const cacheIf = (here: Place): void => {
        if (site.cache?.place === here) app.use(httpCache(site.cache.engine))
      }
      app.use((req, _res, next) => context.run(req, next))
      app.use((req, res, next) => {
        const asked = `${req.method} ${req.url}`
        res.on('finish', () => site.note(req, `log: ${asked} ${req.method} ${req.url} ${res.statusCode}`))
        next()
      })
      cacheIf('outside of all')
      for (const layer of layers()) app.use(layer)
      cacheIf('inside of all')
      for (const layer of routes(site, context)) app.use(layer)
      return listen(app.handler)
    },
  }
}

function layers(): ClassicLayer[] {
  return [
    responseTime(),
    helmet(),
    cors({ origin: ['https://app.example', 'https://other.example'] }) as ClassicLayer,
    compression({ threshold: 1000 }) as unknown as ClassicLayer,
    cookieSession({ name: 'visitor', keys: ['a secret of cookies'] }) as unknown as ClassicLayer,
  ]
}

interface SessionHolder {
  session: { user?: string; visits?: number } | null
}

type Route = (req: IncomingMessage & SessionHolder, res: ServerResponse, next: Next) => unknown

/** Error pages show the stack, which names the cache. */
function withoutStack(message: string): Error {
  return Object.assign(new Error(message), { stack: message })
}

function routes(site: Site, context: RequestContext): ClassicLayer[] {
  let version = 1
  const json = (res: ServerResponse, value: unknown): void => {
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify(value))
  }
  const named: Readonly<Record<string, Route>> = {
    'POST /login': (req, res) => {
      req.session = { user: 'ann' }
      json(res, { welcome: 'ann' })
    },
    'POST /logout': (req, res) => {
      req.session = null
      json(res, { bye: true })
    },
    'GET /me': (req, res) => json(res, { user: req.session?.user ?? null }),
    'GET /begins-session': (req, res) => {
      if (req.session !== null) req.session.visits = (req.session.visits ?? 0) + 1
      json(res, { begun: true })
    },
    'GET /version': (_req, res) => json(res, { version }),
    'PUT /version': (_req, res) => json(res, { version: ++version }),
    'DELETE /version': (_req, res) => res.writeHead(204).end(),
    'GET /long': (_req, res) => {
      res.setHeader('Content-Type', 'text/plain')
      res.end(LONG_TEXT)
    },
    'POST /long': (_req, res) => {
      res.setHeader('Content-Type', 'text/plain')
      res.write(LONG_TEXT.slice(0, 2000))
      res.end(LONG_TEXT.slice(2000))
    },
    'GET /removes': (_req, res) => {
      res.removeHeader('X-Frame-Options')
      res.end('framed')
    },
    'GET /context': async (req, res) => {
      await context.noteIn(req, site)
      json(res, { done: true })
    },
    'GET /throws': () => {
      throw withoutStack('at once')
    },
    'POST /throws': () => {
      throw withoutStack('at once')
    },
    'GET /fails': (_req, _res, next) => next(withoutStack('handed on')),
    'POST /fails': (_req, _res, next) => next(withoutStack('handed on')),
    'GET /redirect': (_req, res) => res.writeHead(301, { Location: '/version' }).end(),
  }
  return [
    (req, res, next) => {
      const path = (req.url ?? '').split('?')[0] ?? ''
      const raw = rawRoutes[path.replace('/raw/', '')]
      if (path.startsWith('/raw/') && raw !== undefined) return void runRaw(raw, req, res, site)
      const route = named[`${req.method === 'HEAD' ? 'GET' : req.method} ${path}`]
      if (route === undefined) return next()
      try {
        void route(req as IncomingMessage & SessionHolder, res, next)
      } catch (error) {
        next(error)
      }
    },
    serveStatic(STATIC) as ClassicLayer,
    (_req, res) => {
      res.statusCode = 404
      res.end('nothing here')
    },
  ]
}
