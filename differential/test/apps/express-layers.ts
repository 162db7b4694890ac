import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import { doubleCsrf } from 'csrf-csrf'
import type express from 'express'
import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import passport from 'passport'
import { Strategy } from 'passport-local'
import responseTime from 'response-time'
import { exchangeOf, type Site } from '../support/application.js'
import type { RequestContext } from './context.js'

declare module 'express-session' {
  interface SessionData {
    visits: number
  }
}

/** The outermost layers, which show whether the cache leaves the request unchanged. */
export function expressWatchers(site: Site, context: RequestContext): RequestHandler[] {
  return [
    (req, _res, next) => context.run(req, next),
    morgan<Request>((tokens, req, res) => {
      const url = [tokens.url?.(req, res), JSON.stringify(req.query)].join(' ')
      const cookies = (req.headers.cookie ?? '').replaceAll(/=[^;]*/g, '')
      const from = [req.ip, req.protocol, req.hostname, req.headers['x-forwarded-for'], cookies].join(' ')
      site.note(req, `log: ${tokens.method?.(req, res)} ${url} ${tokens.status?.(req, res)} from ${from}`)
      return undefined
    }),
    (req, res, next) => {
      const nonce = Buffer.from(exchangeOf(req)).toString('base64url')
      res.locals.nonce = nonce
      res.set('Content-Security-Policy', req.path === '/nonce' ? `script-src 'nonce-${nonce}'` : "script-src 'self'")
      next()
    },
    // A rate limit counts requests: inside the cache it would count runs of handlers.
    rateLimit({ windowMs: 600_000, limit: 10_000, standardHeaders: 'draft-6', legacyHeaders: true }),
  ]
}

/** Layers that people put first: they answer each client in a different way. */
export function expressOuterLayers(): RequestHandler[] {
  return [
    responseTime(),
    helmet({ contentSecurityPolicy: false }),
    cors({ origin: ['https://app.example', 'https://other.example'], credentials: true, exposedHeaders: ['X-Total'] }),
  ]
}

export interface Csrf {
  readonly token: (req: Request, res: Parameters<RequestHandler>[1]) => string
  readonly protect: RequestHandler
}

/** Layers that people put before their routes. */
export function expressInnerLayers(framework: typeof express): { layers: RequestHandler[]; csrf: Csrf } {
  let sessions = 0
  const passports = new passport.Passport()
  passports.use(new Strategy((name, password, done) => done(null, password === `${name}'s secret` ? { name } : false)))
  passports.serializeUser((user, done) => done(null, (user as { name: string }).name))
  passports.deserializeUser((name: string, done) => done(null, { name }))
  const { generateCsrfToken, doubleCsrfProtection } = doubleCsrf({
    getSecret: () => 'a secret of the application',
    getSessionIdentifier: (req) => req.session.id,
    cookieName: 'csrf',
    cookieOptions: { secure: false, sameSite: 'strict', path: '/' },
  })
  const layers = [
    compression({ threshold: 1000 }),
    cookieParser('a secret of cookies'),
    session({
      name: 'sid',
      secret: 'a secret of sessions',
      resave: false,
      saveUninitialized: false,
      genid: () => `session-${++sessions}`,
    }),
    passports.initialize() as RequestHandler,
    passports.session() as RequestHandler,
    framework.json({ limit: 2000 }),
    framework.urlencoded({ extended: true }),
  ]
  return { layers, csrf: { token: (req, res) => generateCsrfToken(req, res), protect: doubleCsrfProtection } }
}
