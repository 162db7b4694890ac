import cors from '@koa/cors'
import etag from '@koa/etag'
import type Koa from 'koa'
import type { Middleware } from 'koa'
import bodyParser from 'koa-bodyparser'
import compress from 'koa-compress'
import conditional from 'koa-conditional-get'
import helmet from 'koa-helmet'
import session from 'koa-session'
import files from 'koa-static'
import { exchangeOf, type Site } from '../support/application.js'
import type { RequestContext } from './context.js'
import { STATIC } from './fixtures.js'

export function koaWatchers(site: Site, context: RequestContext): Middleware[] {
  return [
    (ctx, next) => context.run(ctx.req, next),
    async (ctx, next) => {
      ctx.res.on('finish', () => {
        const from = [ctx.ip, ctx.protocol, ctx.host, ctx.headers['x-forwarded-for']].join(' ')
        site.note(
          ctx.req,
          `log: ${ctx.method} ${ctx.originalUrl} ${JSON.stringify(ctx.query)} ${ctx.status} from ${from}`,
        )
      })
      await next()
      ctx.set('X-After-Next', 'yes')
    },
    (ctx, next) => {
      ctx.state.nonce = Buffer.from(exchangeOf(ctx.req)).toString('base64url')
      const source = ctx.path === '/nonce' ? `nonce-${ctx.state.nonce}` : 'self'
      ctx.set('Content-Security-Policy', `script-src '${source}'`)
      return next()
    },
  ]
}

export function koaLayers(app: Koa): Middleware[] {
  return [
    async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        const { status = 500, message, left } = error as { status?: number; message: string; left?: boolean }
        if (left) throw error
        ctx.status = status
        ctx.body = { error: message }
      }
    },
    helmet({ contentSecurityPolicy: false }),
    cors({
      origin: (ctx) => (/^https:\/\/(app|other)\./.test(ctx.get('Origin')) ? ctx.get('Origin') : ''),
      credentials: true,
    }),
    compress({ threshold: 1000 }),
    conditional(),
    etag(),
    session({ key: 'sid' }, app),
    bodyParser({ jsonLimit: '2000b', enableTypes: ['json', 'form'] }) as Middleware,
    files(STATIC, { maxage: 3_600_000, defer: false }),
  ]
}
