import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type express from 'express'
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import jwt from 'jsonwebtoken'
import multer from 'multer'
import swagger from 'swagger-ui-express'
import type { Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { CACHE_CONTROLS, Items, LONG_TEXT } from './answers.js'
import type { RequestContext } from './context.js'
import type { Csrf } from './express-layers.js'
import { STATIC, VIEWS } from './fixtures.js'
import { rawRoutes } from './raw-routes.js'

const JWT_SECRET = 'a secret of tokens'

interface Parts {
  readonly context: RequestContext
  readonly csrf: Csrf
}

/** The routes of the application, in Express's own ways of answering. */
export function expressRoutes(framework: typeof express, app: Express, site: Site, { context, csrf }: Parts): void {
  app.set('views', VIEWS)
  app.set('view engine', 'ejs')
  crud(app, csrf)
  accounts(app, csrf)
  answers(app)
  cacheable(app)
  errors(app)
  bodies(framework, app)
  app.all('/context', async (req, res) => {
    await context.noteIn(req, site)
    res.json({ done: true })
  })
  app.all('/raw/:name', (req, res, next) => {
    const handler = rawRoutes[String(req.params.name)]
    if (handler === undefined) next()
    // Express 4 ignores the promises of handlers.
    else Promise.resolve(handler(req, res, site)).catch(next)
  })
  app.use('/static', framework.static(STATIC, { maxAge: '1h' }))
  app.use('/plain-static', framework.static(STATIC, { etag: false, lastModified: false, index: false }))
  app.use('/docs', swagger.serve, swagger.setup({ openapi: '3.0.0', info: { title: 'Shop', version: '1' }, paths: {} }))
  app.use(errorHandler(site))
}

function crud(app: Express, csrf: Csrf): void {
  const items = new Items()
  app.get('/items', (_req, res) => {
    res.set('Cache-Control', 'no-cache').set('X-Total', String(items.all().length)).json(items.all())
  })
  app.get('/items/:id', (req, res, next) => {
    const item = items.get(Number(req.params.id))
    if (item === undefined) next()
    else res.json(item)
  })
  app.post('/items', csrf.protect, (req, res) => {
    const item = items.add(String(req.body.name))
    res.status(201).location(`/items/${item.id}`).json(item)
  })
  app.put('/items/:id', csrf.protect, (req, res) => {
    res.json(items.put(Number(req.params.id), String(req.body.name)))
  })
  app.patch('/items/:id', csrf.protect, (req, res) => {
    res.json(items.put(Number(req.params.id), String(req.body.name)))
  })
  app.delete('/items/:id', csrf.protect, (req, res) => {
    res.sendStatus(items.delete(Number(req.params.id)) ? 204 : 404)
  })
  // Without a session: writes by a script or another service.
  const open = new Items()
  app.put('/open-items/:id', (req, res) => res.json(open.put(Number(req.params.id), String(req.body.name))))
  app.get('/open-items/:id', (req, res) => res.json(open.get(Number(req.params.id)) ?? null))
}

function accounts(app: Express, csrf: Csrf): void {
  app.get('/csrf', (req, res) => {
    req.session.visits = 0
    res.set('X-Token', csrf.token(req, res)).json({ ok: true })
  })
  const logIn: RequestHandler = (req, res, next) => {
    const { username, password } = req.body
    if (password !== `${username}'s secret`) return void res.status(401).json({ error: 'no such user' })
    req.login({ name: username }, (error) => (error ? next(error) : res.json({ welcome: username })))
  }
  app.post('/login', csrf.protect, logIn)
  app.post('/logout', csrf.protect, (req, res, next) => {
    req.logout((error) => (error ? next(error) : res.redirect(303, '/')))
  })
  app.get('/me', (req, res) => {
    if (req.user === undefined) res.status(401).json({ error: 'who are you?' })
    else res.json(req.user)
  })
  app.get('/visits', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.json({ visits: req.session.visits })
  })
  app.get('/begins-session', (req, res) => {
    req.session.visits = 1
    res.json({ begun: true })
  })
  app.post('/token', (req, res) => {
    res.json({ token: jwt.sign({ name: req.body.name }, JWT_SECRET, { noTimestamp: true }) })
  })
  app.get('/private', expressjwt({ secret: JWT_SECRET, algorithms: ['HS256'] }), (req, res) => {
    res.json((req as { auth?: unknown }).auth)
  })
}

function answers(app: Express): void {
  app.get('/', (_req, res) => res.send('<h1>Shop</h1>'))
  app.all('/send/string', (_req, res) => res.send('a string'))
  app.all('/send/object', (_req, res) => res.send({ an: 'object' }))
  app.all('/send/buffer', (_req, res) => res.send(Buffer.from([0, 1, 2, 253, 254, 255])))
  app.all('/send/nothing', (_req, res) => res.send())
  app.all('/send/null', (_req, res) => res.json(null))
  app.all('/send/boolean', (_req, res) => res.json(false))
  app.all('/send/utf8', (_req, res) => res.send('Grüße, 世界 🦅'))
  app.all('/send/long', (_req, res) => res.type('text').send(LONG_TEXT))
  app.all('/send/long-flushed', async (_req, res) => {
    res.type('text')
    res.write(LONG_TEXT.slice(0, 2000))
    res.flush()
    await turn()
    res.end(LONG_TEXT.slice(2000))
  })
  app.all('/send/long-no-transform', (_req, res) => {
    res.set('Cache-Control', 'no-transform').type('text').send(LONG_TEXT)
  })
  app.all('/send/csv', (_req, res) => res.type('csv').attachment('Übersicht.csv').send('a,b\n1,2\n'))
  app.all('/send-status/:code', (req, res) => res.sendStatus(Number(req.params.code)))
  app.all('/status/:code', (req, res) => res.status(Number(req.params.code)).json({ status: req.params.code }))
  app.all('/redirect/:code', (req, res) => res.redirect(Number(req.params.code), '/items?from=here'))
  app.all('/redirect-away', (_req, res) => res.redirect('https://elsewhere.example/ä?q=ü'))
  app.all('/links', (_req, res) => res.links({ next: '/items?page=2', last: '/items?page=9' }).json([]))
  app.all('/cookies', (_req, res) => {
    res.cookie('plain', 'a b', { maxAge: 60_000 }).cookie('signed', 'yes', { signed: true, httpOnly: true })
    res.clearCookie('old').json({ set: 3 })
  })
  app.all('/jsonp', (_req, res) => res.jsonp({ a: '\u2028<script>' }))
  app.all('/format', (_req, res) =>
    res.format({
      text: () => res.send('as text'),
      html: () => res.send('<p>as HTML</p>'),
      json: () => res.send({ as: 'JSON' }),
    }),
  )
  app.all('/accepts', (req, res) => {
    res
      .vary('Accept-Language')
      .json({ language: req.acceptsLanguages('de', 'en', 'fr'), type: req.accepts('html', 'json') })
  })
  app.all('/render', (_req, res) => res.render('page', { title: 'Fruit', items: ['apple', '<pear>'] }))
  app.all('/render-missing', (_req, res) => res.render('no such page'))
  app.all('/file', (_req, res) => res.sendFile(join(STATIC, 'digits.txt')))
  app.all('/file-private', (_req, res) => {
    res.sendFile(join(STATIC, 'digits.txt'), { headers: { 'Cache-Control': 'private, no-store' } })
  })
  app.all('/file-missing', (_req, res) => res.sendFile(join(STATIC, 'nothing.txt')))
  app.all('/download', (_req, res) => res.download(join(STATIC, 'digits.txt'), 'Zahlen 1–9.txt'))
  app.all('/removes', (_req, res) => {
    res.removeHeader('X-Frame-Options')
    res.send('framed')
  })
  app.all('/sets-again', (_req, res) => res.set('X-Frame-Options', 'SAMEORIGIN').send('the same again'))
  app.all('/replaces', (_req, res) => res.set('X-Frame-Options', 'DENY').send('another value'))
  app.all('/nonce', (_req, res) => res.send(`<script nonce="${res.locals.nonce}"></script>`))
  app.all('/query', (req, res) => res.json(req.query))
  app.all(/^\/path\//, (req, res) => res.json({ path: req.path, url: req.url, original: req.originalUrl }))
  app.all('/request', (req, res) => {
    const { method, url, originalUrl, path, hostname, protocol, secure, xhr } = req
    res.json({ method, url, originalUrl, path, hostname, protocol, secure, xhr })
  })
}

function cacheable(app: Express): void {
  app.all('/cache-control/:kind', (req, res) => {
    const kind = String(req.params.kind)
    res.set('Cache-Control', CACHE_CONTROLS[kind] as string | string[]).json({ kind })
  })
  app.get('/expires', (_req, res) => res.set('Expires', 'Fri, 31 Dec 2100 23:59:59 GMT').send('for long'))
  app.get('/expired', (_req, res) => res.set('Expires', '0').send('never fresh'))
  app.get('/etag/strong', (_req, res) => res.set('ETag', '"v1"').send('strong'))
  app.get('/etag/weak', (_req, res) => res.set('ETag', 'W/"v1"').send('weak'))
  app.get('/etag/private', (_req, res) => res.set('ETag', '"v1"').set('Cache-Control', 'private').send('private'))
  app.get('/last-modified', (_req, res) => res.set('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT').send('of 1994'))
  app.get('/vary/star', (_req, res) => res.vary('*').send('each its own'))
  app.get('/vary/language', (req, res) => res.vary('Accept-Language').send(`in ${req.get('accept-language')}`))
  app.get('/vary/agent', (req, res) => res.vary('User-Agent').send(`for ${req.get('user-agent')}`))
  app.get('/vary/two', (req, res) =>
    res.vary('Accept, Accept-Language').send(`${req.get('accept')} ${req.get('accept-language')}`),
  )
  app.get('/vary/cookie', (req, res) => res.vary('Cookie').send(`theme ${req.cookies.theme ?? 'none'}`))
}

function errors(app: Express): void {
  app.all('/errors/sync', () => {
    throw new Error('at once')
  })
  app.all('/errors/rejected', (_req, _res, next) => Promise.reject(new Error('later')).catch(next))
  app.all('/errors/next', (_req, _res, next) => next(new Error('handed on')))
  app.all('/errors/late', (_req, _res, next) => void setImmediate(() => next(new Error('in another turn'))))
  app.all('/errors/status', (_req, _res, next) => next(Object.assign(new Error('a teapot'), { status: 418 })))
  app.all('/errors/fields', (_req, res, next) => {
    res.set('X-Set-Before', 'yes').set('Cache-Control', 'max-age=60').set('ETag', '"old"')
    next(new Error('after setting fields'))
  })
  app.all('/errors/default', (_req, _res, next) => next(Object.assign(new Error('left to Express'), { default: true })))
  app.all('/errors/after-head', async (_req, res, next) => {
    res.write('a beginning')
    await turn()
    next(Object.assign(new Error('midway'), { default: true }))
  })
  app.all('/errors/after-end', (_req, res) => {
    res.json({ answered: true })
    throw new Error('after the answer')
  })
  app.all('/errors/twice', (_req, res) => {
    res.json({ first: true })
    res.json({ second: true })
  })
}

function bodies(framework: typeof express, app: Express): void {
  app.post('/json', (req, res) => res.json(req.body))
  app.post('/form', (req, res) => res.json(req.body))
  app.post('/text', framework.text(), (req, res) => res.type('text').send(req.body))
  app.post('/bytes', framework.raw({ limit: 1_000_000 }), (req, res) => res.type('bin').send(req.body))
  const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 10_000 } })
  app.post('/upload', upload.array('files', 3), (req, res) => {
    const files = (req.files as { originalname: string; size: number; mimetype: string }[] | undefined) ?? []
    res.json({
      fields: req.body,
      files: files.map(({ originalname, size, mimetype }) => [originalname, size, mimetype]),
    })
  })
}

function errorHandler(site: Site): ErrorRequestHandler {
  return (error: Error & { status?: number; default?: boolean }, req, res, next) => {
    site.note(req, `${HANDLER}error "${error.message}", headers sent: ${res.headersSent}`)
    // Express shows the stack, which names the cache.
    error.stack = `${error}`
    if (res.headersSent || error.default) next(error)
    else res.status(error.status ?? 500).json({ error: error.message })
  }
}
