import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import Router, { type RouterContext } from '@koa/router'
import ejs from 'ejs'
import type { Middleware } from 'koa'
import { exchangeOf, type Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { CACHE_CONTROLS, Items, LONG_TEXT } from './answers.js'
import type { RequestContext } from './context.js'
import { STATIC, VIEWS } from './fixtures.js'
import { rawRoutes, runRaw } from './raw-routes.js'

type Handler = (ctx: RouterContext) => unknown

export function koaRoutes(site: Site, context: RequestContext): Router {
  const router = new Router()
  crud(router)
  accounts(router)
  answers(router, site, context)
  cacheable(router)
  errors(router, site)
  router.all('/raw/:name', async (ctx, next) => {
    const handler = rawRoutes[String(ctx.params.name)]
    if (handler === undefined) return next()
    ctx.respond = false
    // Koa's default is 404.
    ctx.res.statusCode = 200
    await runRaw(handler, ctx.req, ctx.res, site)
  })
  return router
}

const bodyOf = (ctx: RouterContext): Record<string, string> => ctx.request.body as Record<string, string>

/** A token in the session, as CSRF layers keep it: not random, so that both runs have the same. */
const guarded: Middleware = (ctx, next) => {
  const { token } = ctx.session as { token?: string }
  if (token === undefined || ctx.get('X-CSRF-Token') !== token) ctx.throw(403, 'a token is missing')
  return next()
}

function crud(router: Router): void {
  const items = new Items()
  const open = new Items()
  const answer = (ctx: RouterContext, value: unknown): void => {
    if (value !== undefined) ctx.body = value
  }
  router.get('/items', (ctx) => {
    ctx.set('Cache-Control', 'no-cache')
    ctx.set('X-Total', String(items.all().length))
    ctx.body = items.all()
  })
  router.get('/items/:id', (ctx) => answer(ctx, items.get(Number(ctx.params.id))))
  router.post('/items', guarded, (ctx) => {
    const item = items.add(String(bodyOf(ctx).name))
    ctx.status = 201
    ctx.set('Location', `/items/${item.id}`)
    ctx.body = item
  })
  const put: Handler = (ctx) => answer(ctx, items.put(Number(ctx.params.id), String(bodyOf(ctx).name)))
  router.put('/items/:id', guarded, put)
  router.patch('/items/:id', guarded, put)
  router.delete('/items/:id', guarded, (ctx) => {
    ctx.status = items.delete(Number(ctx.params.id)) ? 204 : 404
  })
  router.put('/open-items/:id', (ctx) => answer(ctx, open.put(Number(ctx.params.id), String(bodyOf(ctx).name))))
  router.get('/open-items/:id', (ctx) => answer(ctx, open.get(Number(ctx.params.id))))
}

interface Visit {
  token?: string
  user?: string
  visits?: number
}

const visitOf = (ctx: RouterContext): Visit => ctx.session as Visit

function accounts(router: Router): void {
  router.get('/csrf', (ctx) => {
    visitOf(ctx).token = `token of ${visitOf(ctx).user ?? 'nobody'}`
    ctx.set('X-Token', String(visitOf(ctx).token))
    ctx.body = { ok: true }
  })
  router.post('/login', guarded, (ctx) => {
    const { username, password } = bodyOf(ctx)
    if (password !== `${username}'s secret`) ctx.throw(401, 'no such user')
    visitOf(ctx).user = String(username)
    ctx.body = { welcome: username }
  })
  router.post('/logout', guarded, (ctx) => {
    ctx.session = null
    ctx.status = 303
    ctx.redirect('/')
  })
  router.get('/me', (ctx) => {
    const { user } = visitOf(ctx)
    if (user === undefined) ctx.throw(401, 'who are you?')
    ctx.body = { user }
  })
  router.get('/visits', (ctx) => {
    visitOf(ctx).visits = (visitOf(ctx).visits ?? 0) + 1
    ctx.body = { visits: visitOf(ctx).visits }
  })
  router.get('/begins-session', (ctx) => {
    visitOf(ctx).visits = 1
    ctx.body = { begun: true }
  })
  router.post('/token', (ctx) => {
    ctx.body = { token: `of-${bodyOf(ctx).name}` }
  })
  router.get('/private', (ctx) => {
    const name = /^Bearer of-(\w+)$/.exec(ctx.get('Authorization'))?.[1]
    if (name === undefined) ctx.throw(401, 'no token')
    ctx.body = { name }
  })
}

function answers(router: Router, site: Site, context: RequestContext): void {
  const send = (path: string, answer: (ctx: RouterContext) => unknown): void => {
    router.all(path, async (ctx) => {
      ctx.body = await answer(ctx)
    })
  }
  send('/', () => '<h1>Shop</h1>')
  send('/send/string', () => 'a string')
  send('/send/object', () => ({ an: 'object' }))
  send('/send/buffer', () => Buffer.from([0, 1, 2, 253, 254, 255]))
  send('/send/nothing', () => '')
  send('/send/null', (ctx) => {
    ctx.type = 'json'
    return 'null'
  })
  send('/send/boolean', (ctx) => {
    ctx.type = 'json'
    return 'false'
  })
  send('/send/utf8', () => 'Grüße, 世界 🦅')
  send('/send/long', () => LONG_TEXT)
  send('/send/long-flushed', (ctx) => {
    ctx.type = 'text'
    return Readable.from([LONG_TEXT.slice(0, 2000), LONG_TEXT.slice(2000)])
  })
  send('/send/long-no-transform', (ctx) => {
    ctx.set('Cache-Control', 'no-transform')
    return LONG_TEXT
  })
  send('/send/csv', (ctx) => {
    ctx.attachment('list.csv')
    return 'a,b\n1,2\n'
  })
  send('/send/stream', () => Readable.from(['a ', 'stream']))
  send('/send/web-stream', () => new Blob(['of the web']).stream())
  send('/send/blob', () => new Blob(['a blob'], { type: 'text/plain' }))
  router.all('/status/:code', (ctx) => {
    ctx.status = Number(ctx.params.code)
    if (![204, 205, 304].includes(ctx.status)) ctx.body = { status: ctx.params.code }
  })
  router.all('/redirect/:code', (ctx) => {
    ctx.status = Number(ctx.params.code)
    ctx.redirect('/items?from=here')
  })
  send('/links', (ctx) => {
    ctx.set('Link', ['</items?page=2>; rel=next', '</items?page=9>; rel=last'])
    return []
  })
  send('/cookies', (ctx) => {
    ctx.cookies.set('plain', 'a', { maxAge: 60_000, signed: false })
    ctx.cookies.set('signed', 'yes', { signed: true })
    return { set: 2 }
  })
  send('/render', (ctx) => {
    ctx.type = 'html'
    return ejs.renderFile(join(VIEWS, 'page.ejs'), { title: 'Fruit', items: ['apple', '<pear>'] })
  })
  const file: Handler = async (ctx) => {
    const path = join(STATIC, 'digits.txt')
    const { mtime, size } = await stat(path)
    ctx.type = 'text'
    ctx.lastModified = mtime
    ctx.length = size
    return createReadStream(path)
  }
  send('/file', file)
  send('/file-private', (ctx) => {
    ctx.set('Cache-Control', 'private, no-store')
    return file(ctx)
  })
  send('/download', (ctx) => {
    ctx.attachment('Zahlen.txt')
    return file(ctx)
  })
  send('/removes', (ctx) => {
    ctx.remove('X-Frame-Options')
    return 'framed'
  })
  send('/sets-again', (ctx) => {
    ctx.set('X-Frame-Options', 'SAMEORIGIN')
    return 'the same again'
  })
  send('/replaces', (ctx) => {
    ctx.set('X-Frame-Options', 'DENY')
    return 'another value'
  })
  send('/nonce', (ctx) => `<script nonce="${ctx.state.nonce}"></script>`)
  send('/query', (ctx) => ctx.query)
  send('/path/{*rest}', (ctx) => ({ path: ctx.path, url: ctx.url, original: ctx.originalUrl }))
  send('/request', ({ method, url, path, host, protocol, secure }) => ({ method, url, path, host, protocol, secure }))
  send('/accepts', (ctx) => {
    ctx.vary('Accept-Language')
    return { language: ctx.acceptsLanguages('de', 'en', 'fr') }
  })
  send('/context', async (ctx) => {
    await context.noteIn(ctx.req, site)
    return { done: true }
  })
  for (const name of ['json', 'form'])
    router.post(`/${name}`, (ctx) => {
      ctx.body = ctx.request.body
    })
}

function cacheable(router: Router): void {
  router.all('/cache-control/:kind', (ctx) => {
    ctx.set('Cache-Control', CACHE_CONTROLS[String(ctx.params.kind)] as string | string[])
    ctx.body = { kind: ctx.params.kind }
  })
  const says = (path: string, fields: Readonly<Record<string, string>>, text: string): void => {
    router.get(path, (ctx) => {
      ctx.set(fields)
      ctx.body = text
    })
  }
  says('/expires', { Expires: 'Fri, 31 Dec 2100 23:59:59 GMT' }, 'for long')
  says('/expired', { Expires: '0' }, 'never fresh')
  says('/etag/strong', { ETag: '"v1"' }, 'strong')
  says('/etag/weak', { ETag: 'W/"v1"' }, 'weak')
  says('/etag/private', { ETag: '"v1"', 'Cache-Control': 'private' }, 'private')
  says('/last-modified', { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 'of 1994')
  const varies = (path: string, fields: readonly string[], text: (ctx: RouterContext) => string): void => {
    router.get(path, (ctx) => {
      ctx.vary([...fields])
      ctx.body = text(ctx)
    })
  }
  varies('/vary/star', ['*'], () => 'each its own')
  varies('/vary/language', ['Accept-Language'], (ctx) => `in ${ctx.get('accept-language')}`)
  varies('/vary/agent', ['User-Agent'], (ctx) => `for ${ctx.get('user-agent')}`)
  varies('/vary/two', ['Accept', 'Accept-Language'], (ctx) => `${ctx.get('accept')} ${ctx.get('accept-language')}`)
  varies('/vary/cookie', ['Cookie'], (ctx) => `theme ${ctx.cookies.get('theme') ?? 'none'}`)
}

function errors(router: Router, site: Site): void {
  const all = (kind: string, handler: Handler): void => {
    router.all(`/errors/${kind}`, async (ctx) => {
      site.note(ctx.req, `${HANDLER}fails`)
      await handler(ctx)
    })
  }
  all('sync', () => {
    throw new Error('at once')
  })
  all('rejected', async () => {
    await turn()
    throw new Error('later')
  })
  all('next', (ctx) => ctx.throw(500, 'handed on'))
  all('late', () => new Promise((_resolve, reject) => setImmediate(() => reject(new Error('in another turn')))))
  all('status', (ctx) => ctx.throw(418, 'a teapot'))
  all('fields', (ctx) => {
    ctx.set('X-Set-Before', 'yes')
    ctx.set('Cache-Control', 'max-age=60')
    ctx.set('ETag', '"old"')
    throw new Error('after setting fields')
  })
  all('default', () => {
    throw Object.assign(new Error('left to Koa'), { left: true })
  })
  all('after-head', (ctx) => {
    ctx.type = 'text'
    ctx.body = Readable.from(
      (async function* () {
        yield 'a beginning'
        await site.signals.said(exchangeOf(ctx.req), 'body seen')
        throw new Error('midway')
      })(),
    )
  })
}
