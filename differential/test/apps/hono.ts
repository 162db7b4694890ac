import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { httpCache } from '@tiercel/cache-core/hono'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { getCookie, setCookie, setSignedCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { jwt, sign } from 'hono/jwt'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { stream, streamText } from 'hono/streaming'
import type { StatusCode } from 'hono/utils/http-status'
import type { Application, Place, Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { CACHE_CONTROLS, Items, LONG_TEXT } from './answers.js'
import { RequestContext } from './context.js'
import { STATIC } from './fixtures.js'
import { listen } from './listen.js'

interface Env {
  Bindings: HttpBindings
  Variables: { user: string | undefined; nonce: string }
}

type Handler = (c: Context<Env>) => Response | Promise<Response>

export const honoFour: Application = {
  name: 'Hono 4',
  // Not inside `compress`, which only compresses bodies of unknown length: the length of a hit is known.
  places: ['outside of all', 'between'],
  // hono/etag evaluates ETags only; a handler has to catch what JSON.parse throws.
  statuses: {
    'GET /last-modified (If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT)': 200,
    'GET /last-modified (If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT)': 200,
    'malformed JSON': 500,
    // An error that comes at once comes before the head.
    'GET /errors/after-head': 500,
    'GET /errors/after-head, again': 500,
    'POST /errors/after-head': 500,
    'DELETE /errors/after-head': 500,
  },
  lacks: /^\/(file.*|download|static\/.*|errors\/(after-end|twice|next)|upload|links)$/,
  start: (site) => {
    const app = new Hono<Env>()
    const context = new RequestContext()
    const cacheIf = (here: Place): void => {
      if (site.cache?.place === here) app.use(httpCache(site.cache.engine))
    }
    for (const layer of watchers(site, context)) app.use(layer)
    cacheIf('outside of all')
    for (const layer of outerLayers()) app.use(layer)
    cacheIf('between')
    app.use(compress({ threshold: 1000 }))
    app.use(etag())
    routes(app, site, context)
    return listen(getRequestListener(app.fetch))
  },
}

const exchangeIn = (c: Context<Env>): string => c.env.incoming.headers['x-exchange'] as string

function watchers(site: Site, context: RequestContext): MiddlewareHandler<Env>[] {
  return [
    (c, next) => context.run(c.env.incoming, next),
    async (c, next) => {
      await next()
      c.header('X-After-Next', 'yes')
      site.note(c.env.incoming, `log: ${c.req.method} ${c.req.url} ${JSON.stringify(c.req.query())} ${c.res.status}`)
    },
    async (c, next) => {
      c.set('nonce', Buffer.from(exchangeIn(c)).toString('base64url'))
      const source = c.req.path === '/nonce' ? `nonce-${c.get('nonce')}` : 'self'
      c.header('Content-Security-Policy', `script-src '${source}'`)
      await next()
    },
  ]
}

function outerLayers(): MiddlewareHandler[] {
  return [
    requestId({ generator: () => 'always-the-same' }),
    secureHeaders(),
    cors({ origin: ['https://app.example', 'https://other.example'], credentials: true, exposeHeaders: ['X-Total'] }),
  ]
}

function routes(app: Hono<Env>, site: Site, context: RequestContext): void {
  crud(app)
  accounts(app)
  answers(app, site, context)
  cacheable(app)
  errors(app, site)
}

const secret = 'a secret of cookies'

/** A session in a cookie, and its token: not random, so that both runs have the same. */
const guarded: MiddlewareHandler<Env> = async (c, next) => {
  if (getCookie(c, 'csrf') === undefined || c.req.header('X-CSRF-Token') !== getCookie(c, 'csrf')) {
    throw new HTTPException(403, { message: 'a token is missing' })
  }
  await next()
}

function crud(app: Hono<Env>): void {
  const items = new Items()
  const open = new Items()
  const nameIn = async (c: Context<Env>): Promise<string> => String(((await c.req.json()) as { name: string }).name)
  app.get('/items', (c) => {
    c.header('Cache-Control', 'no-cache')
    c.header('X-Total', String(items.all().length))
    return c.json(items.all())
  })
  app.get('/items/:id', (c) => {
    const item = items.get(Number(c.req.param('id')))
    return item === undefined ? c.notFound() : c.json(item)
  })
  app.post('/items', guarded, async (c) => {
    const item = items.add(await nameIn(c))
    return c.json(item, 201, { Location: `/items/${item.id}` })
  })
  app.on(['PUT', 'PATCH'], '/items/:id', guarded, async (c) =>
    c.json(items.put(Number(c.req.param('id')), await nameIn(c))),
  )
  app.delete('/items/:id', guarded, (c) => (items.delete(Number(c.req.param('id'))) ? c.body(null, 204) : c.notFound()))
  app.put('/open-items/:id', async (c) => c.json(open.put(Number(c.req.param('id')), await nameIn(c))))
  app.get('/open-items/:id', (c) => c.json(open.get(Number(c.req.param('id'))) ?? null))
}

function accounts(app: Hono<Env>): void {
  app.get('/csrf', (c) => {
    const token = `token-of-${getCookie(c, 'user') ?? 'nobody'}`
    setCookie(c, 'csrf', token, { httpOnly: true })
    return c.json({ ok: true }, 200, { 'X-Token': token })
  })
  app.post('/login', guarded, async (c) => {
    const { username, password } = (await c.req.json()) as Record<string, string>
    if (password !== `${username}'s secret`) throw new HTTPException(401, { message: 'no such user' })
    setCookie(c, 'user', String(username))
    return c.json({ welcome: username })
  })
  app.post('/logout', guarded, (c) => {
    setCookie(c, 'user', '', { maxAge: 0 })
    return c.redirect('/', 303)
  })
  app.get('/me', (c) => {
    const user = getCookie(c, 'user')
    return user === undefined || user === '' ? c.json({ error: 'who are you?' }, 401) : c.json({ user })
  })
  app.get('/visits', (c) => {
    const visits = Number(getCookie(c, 'visits') ?? 0) + 1
    setCookie(c, 'visits', String(visits))
    return c.json({ visits })
  })
  app.get('/begins-session', async (c) => {
    await setSignedCookie(c, 'begun', 'yes', secret)
    return c.json({ begun: true })
  })
  app.post('/token', async (c) => {
    const { name } = (await c.req.json()) as { name: string }
    return c.json({ token: await sign({ name }, 'a secret of tokens') })
  })
  app.get('/private', jwt({ secret: 'a secret of tokens', alg: 'HS256' }), (c) => c.json(c.get('jwtPayload' as never)))
  app.get('/bearer', bearerAuth({ token: 'known' }), (c) => c.text('for the bearer'))
}

function answers(app: Hono<Env>, site: Site, context: RequestContext): void {
  const all = (path: string, handler: Handler): void => void app.all(path, handler)
  all('/', (c) => c.html('<h1>Shop</h1>'))
  all('/send/string', (c) => c.text('a string'))
  all('/send/object', (c) => c.json({ an: 'object' }))
  all('/send/buffer', (c) => c.body(new Uint8Array([0, 1, 2, 253, 254, 255])))
  all('/send/nothing', (c) => c.body(null))
  all('/send/null', (c) => c.json(null))
  all('/send/boolean', (c) => c.json(false))
  all('/send/utf8', (c) => c.text('Grüße, 世界 🦅'))
  all('/send/long', (c) => c.text(LONG_TEXT))
  all('/send/long-flushed', (c) =>
    streamText(c, async (out) => {
      await out.write(LONG_TEXT.slice(0, 2000))
      await turn()
      await out.write(LONG_TEXT.slice(2000))
    }),
  )
  all('/send/long-no-transform', (c) => c.text(LONG_TEXT, 200, { 'Cache-Control': 'no-transform' }))
  all('/send/csv', (c) =>
    c.body('a,b\n1,2\n', 200, { 'Content-Type': 'text/csv', 'Content-Disposition': 'attachment; filename="list.csv"' }),
  )
  all('/send/stream', (c) =>
    stream(c, async (out) => {
      await out.write(new Uint8Array([1, 2, 3]))
      await turn()
      await out.write(new Uint8Array([4]))
    }),
  )
  all('/status/:code', (c) => {
    const status = Number(c.req.param('code')) as StatusCode
    return [204, 205, 304].includes(status)
      ? c.body(null, status)
      : c.json({ status }, status as Parameters<typeof c.json>[1] & number)
  })
  all('/redirect/:code', (c) => c.redirect('/items?from=here', Number(c.req.param('code')) as 301))
  all('/cookies', async (c) => {
    setCookie(c, 'plain', 'a b', { maxAge: 60 })
    await setSignedCookie(c, 'signed', 'yes', secret)
    return c.json({ set: 2 })
  })
  all('/removes', (c) => {
    c.header('X-Frame-Options', undefined)
    return c.text('framed')
  })
  all('/sets-again', (c) => c.text('the same again', 200, { 'X-Frame-Options': 'SAMEORIGIN' }))
  all('/replaces', (c) => c.text('another value', 200, { 'X-Frame-Options': 'DENY' }))
  all('/nonce', (c) => c.html(`<script nonce="${c.get('nonce')}"></script>`))
  all('/query', (c) => c.json([c.req.query(), c.req.queries()]))
  all('/path/*', (c) => c.json({ path: c.req.path, url: c.req.url }))
  all('/request', (c) => c.json({ method: c.req.method, url: c.req.url, path: c.req.path }))
  all('/context', async (c) => {
    await context.noteIn(c.env.incoming, site)
    return c.json({ done: true })
  })
  app.post('/json', bodyLimit({ maxSize: 2000 }), async (c) => c.json(await c.req.json()))
  app.post('/form', async (c) => c.json(await c.req.parseBody()))
  app.post('/text', async (c) => c.text(await c.req.text()))
  app.post('/bytes', async (c) => c.body(await c.req.arrayBuffer()))
  app.get('/page.html', serveStatic({ root: STATIC }))
  app.get('/whole-file', async (c) => c.body(new Uint8Array(await readFile(join(STATIC, 'digits.txt')))))
}

function cacheable(app: Hono<Env>): void {
  app.all('/cache-control/:kind', (c) => {
    const kind = c.req.param('kind')
    for (const value of [CACHE_CONTROLS[kind] ?? []].flat()) c.header('Cache-Control', value, { append: true })
    return c.json({ kind })
  })
  const says = (path: string, fields: Record<string, string>, text: string): void => {
    app.get(path, (c) => c.text(text, 200, fields))
  }
  says('/expires', { Expires: 'Fri, 31 Dec 2100 23:59:59 GMT' }, 'for long')
  says('/expired', { Expires: '0' }, 'never fresh')
  says('/etag/strong', { ETag: '"v1"' }, 'strong')
  says('/etag/weak', { ETag: 'W/"v1"' }, 'weak')
  says('/etag/private', { ETag: '"v1"', 'Cache-Control': 'private' }, 'private')
  says('/last-modified', { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 'of 1994')
  says('/vary/star', { Vary: '*' }, 'each its own')
  const varies = (path: string, vary: string, text: (c: Context<Env>) => string): void => {
    app.get(path, (c) => c.text(text(c), 200, { Vary: vary }))
  }
  varies('/vary/language', 'Accept-Language', (c) => `in ${c.req.header('accept-language')}`)
  varies('/vary/agent', 'User-Agent', (c) => `for ${c.req.header('user-agent')}`)
  varies('/vary/two', 'Accept, Accept-Language', (c) => `${c.req.header('accept')} ${c.req.header('accept-language')}`)
  varies('/vary/cookie', 'Cookie', (c) => `theme ${getCookie(c, 'theme') ?? 'none'}`)
}

function errors(app: Hono<Env>, site: Site): void {
  const all = (kind: string, handler: Handler): void => void app.all(`/errors/${kind}`, handler)
  all('sync', () => {
    throw new Error('at once')
  })
  all('rejected', async () => {
    await turn()
    throw new Error('later')
  })
  all('late', () => new Promise((_resolve, reject) => setImmediate(() => reject(new Error('in another turn')))))
  all('status', () => {
    throw new HTTPException(418 as 400, { message: 'a teapot' })
  })
  all('fields', (c) => {
    c.header('X-Set-Before', 'yes')
    c.header('Cache-Control', 'max-age=60')
    c.header('ETag', '"old"')
    throw new Error('after setting fields')
  })
  all('default', () => new Response('an error in its own words', { status: 500 }))
  all('after-head', (c) => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('a beginning'))
        await turn()
        controller.error(new Error('midway'))
      },
    })
    return c.body(body)
  })
  app.onError((error, c) => {
    site.note(c.env.incoming, `${HANDLER}error "${error.message}"`)
    if (error instanceof HTTPException) return error.getResponse()
    return c.json({ error: error.message }, 500)
  })
}
