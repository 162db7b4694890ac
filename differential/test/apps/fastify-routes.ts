import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import type { Site } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { CACHE_CONTROLS, Items, LONG_TEXT } from './answers.js'
import type { RequestContext } from './context.js'
import { rawRoutes, runRaw } from './raw-routes.js'

/** The routes of the application, in Fastify's own ways of answering. */
export async function fastifyRoutes(app: FastifyInstance, site: Site, context: RequestContext): Promise<void> {
  crud(app)
  accounts(app)
  answers(app, site, context)
  cacheable(app)
  errors(app, site)
  bodies(app)
  await app.register(raw(site))
}

const params = (request: FastifyRequest): Record<string, string> => request.params as Record<string, string>
const body = (request: FastifyRequest): Record<string, string> => request.body as Record<string, string>

function crud(app: FastifyInstance): void {
  const items = new Items()
  const guarded = { preHandler: protect(app) }
  app.get('/items', async (_request, reply) => {
    reply.header('Cache-Control', 'no-cache').header('X-Total', items.all().length)
    return items.all()
  })
  app.get('/items/:id', async (request, reply) => items.get(Number(params(request).id)) ?? reply.callNotFound())
  app.post('/items', guarded, async (request, reply) => {
    const item = items.add(String(body(request).name))
    return reply.code(201).header('Location', `/items/${item.id}`).send(item)
  })
  for (const method of ['PUT', 'PATCH']) {
    app.route({
      method,
      url: '/items/:id',
      ...guarded,
      handler: async (request) => items.put(Number(params(request).id), String(body(request).name)),
    })
  }
  app.delete('/items/:id', guarded, async (request, reply) =>
    items.delete(Number(params(request).id)) ? reply.code(204).send() : reply.callNotFound(),
  )
  const open = new Items()
  app.put('/open-items/:id', async (request) => open.put(Number(params(request).id), String(body(request).name)))
  app.get('/open-items/:id', async (request) => open.get(Number(params(request).id)) ?? {})
}

/** The plugin's own hook, which its documentation puts before a handler. */
function protect(app: FastifyInstance): preHandlerHookHandler {
  return function (request, reply, done) {
    app.csrfProtection.call(this, request, reply, done)
  }
}

function accounts(app: FastifyInstance): void {
  const guarded = { preHandler: protect(app) }
  app.get('/csrf', async (request, reply) => {
    request.session.visits = 0
    return reply.header('X-Token', reply.generateCsrf()).send({ ok: true })
  })
  app.post('/login', guarded, async (request, reply) => {
    const { username, password } = body(request)
    if (password !== `${username}'s secret`) return reply.code(401).send({ error: 'no such user' })
    await request.session.regenerate(['_csrf'])
    request.session.user = username
    return { welcome: username }
  })
  app.post('/logout', guarded, async (request, reply) => {
    await request.session.destroy()
    return reply.redirect('/', 303)
  })
  app.get('/me', async (request, reply) => {
    const { user } = request.session
    return user === undefined ? reply.code(401).send({ error: 'who are you?' }) : { user }
  })
  app.get('/visits', async (request) => {
    request.session.visits = (request.session.visits ?? 0) + 1
    return { visits: request.session.visits }
  })
  app.get('/begins-session', async (request) => {
    request.session.visits = 1
    return { begun: true }
  })
  app.post('/token', async (request) => ({
    token: app.jwt.sign({ name: body(request).name, iat: 0 }, { noTimestamp: true }),
  }))
  const verified = { onRequest: (request: FastifyRequest) => request.jwtVerify<object>().then(() => {}) }
  app.get('/private', verified, async (request) => request.user)
}

function answers(app: FastifyInstance, site: Site, context: RequestContext): void {
  const all = (url: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void => {
    app.route({ method: ['GET', 'HEAD', 'POST'], url, handler })
  }
  all('/', async (_request, reply) => reply.type('text/html').send('<h1>Shop</h1>'))
  all('/send/string', async () => 'a string')
  all('/send/object', async () => ({ an: 'object' }))
  all('/send/buffer', async () => Buffer.from([0, 1, 2, 253, 254, 255]))
  all('/send/nothing', (_request, reply) => void reply.send())
  all('/send/null', (_request, reply) => void reply.send(null))
  all('/send/boolean', async (_request, reply) => reply.type('application/json').send('false'))
  all('/send/utf8', async () => 'Grüße, 世界 🦅')
  all('/send/long', async () => LONG_TEXT)
  all('/send/long-flushed', async (_request, reply) =>
    reply.type('text/plain').send(Readable.from([LONG_TEXT.slice(0, 2000), LONG_TEXT.slice(2000)])),
  )
  all('/send/long-no-transform', async (_request, reply) =>
    reply.header('Cache-Control', 'no-transform').header('x-no-compression', 'yes').send(LONG_TEXT),
  )
  all('/send/csv', async (_request, reply) =>
    reply.type('text/csv').header('Content-Disposition', 'attachment; filename="list.csv"').send('a,b\n1,2\n'),
  )
  all('/send/stream', async (_request, reply) => reply.send(Readable.from(['a ', 'stream'])))
  all('/send/web-stream', async (_request, reply) =>
    reply.header('Content-Type', 'text/plain').send(new Response('of the web').body),
  )
  all('/status/:code', async (request, reply) => reply.code(Number(params(request).code)).send(noBody(request)))
  all('/redirect/:code', async (request, reply) => reply.redirect('/items?from=here', Number(params(request).code)))
  all('/links', async (_request, reply) =>
    reply.header('Link', ['</items?page=2>; rel=next', '</items?page=9>; rel=last']).send([]),
  )
  all('/cookies', async (_request, reply) =>
    reply
      .setCookie('plain', 'a b', { maxAge: 60 })
      .setCookie('signed', 'yes', { signed: true, httpOnly: true })
      .clearCookie('old')
      .send({ set: 3 }),
  )
  all('/render', async (_request, reply) => reply.view('page.ejs', { title: 'Fruit', items: ['apple', '<pear>'] }))
  all('/file', async (_request, reply) => reply.sendFile('digits.txt'))
  all('/file-private', async (_request, reply) =>
    reply.header('Cache-Control', 'private, no-store').sendFile('digits.txt', { cacheControl: false }),
  )
  all('/download', async (_request, reply) => reply.download('digits.txt', 'Zahlen.txt'))
  all('/removes', async (_request, reply) => reply.removeHeader('X-Frame-Options').send('framed'))
  all('/sets-again', async (_request, reply) => reply.header('X-Frame-Options', 'SAMEORIGIN').send('the same again'))
  all('/replaces', async (_request, reply) => reply.header('X-Frame-Options', 'DENY').send('another value'))
  all('/nonce', async (request, reply) => reply.type('text/html').send(`<script nonce="${request.nonce}"></script>`))
  all('/query', async (request) => request.query)
  all('/path/*', async (request) => ({ rest: params(request)['*'], url: request.url, original: request.originalUrl }))
  all('/request', async ({ method, url, hostname, host, protocol }) => ({ method, url, hostname, host, protocol }))
  all('/accepts', async (request, reply) => {
    const language = String(request.headers['accept-language']).split(/[,;]/)[0]
    return reply.header('Vary', 'Accept-Language').send({ language })
  })
  all('/context', async (request) => {
    await context.noteIn(request.raw, site)
    return { done: true }
  })
  app.get('/api-description', async () => app.swagger())
}

function noBody(request: FastifyRequest): object | undefined {
  const { code } = params(request)
  return code === '204' || code === '205' || code === '304' ? undefined : { status: code }
}

function cacheable(app: FastifyInstance): void {
  app.route({
    method: ['GET', 'HEAD', 'POST'],
    url: '/cache-control/:kind',
    handler: async (request, reply) => {
      const { kind = '' } = params(request)
      return reply.header('Cache-Control', CACHE_CONTROLS[kind]).send({ kind })
    },
  })
  const says = (url: string, name: string, value: string, text: string): void => {
    app.get(url, async (_request, reply) => reply.header(name, value).send(text))
  }
  says('/expires', 'Expires', 'Fri, 31 Dec 2100 23:59:59 GMT', 'for long')
  says('/expired', 'Expires', '0', 'never fresh')
  says('/etag/strong', 'ETag', '"v1"', 'strong')
  says('/etag/weak', 'ETag', 'W/"v1"', 'weak')
  says('/last-modified', 'Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT', 'of 1994')
  says('/vary/star', 'Vary', '*', 'each its own')
  app.get('/etag/private', async (_request, reply) =>
    reply.header('ETag', '"v1"').header('Cache-Control', 'private').send('private'),
  )
  app.get('/vary/language', async ({ headers }, reply) =>
    reply.header('Vary', 'Accept-Language').send(`in ${headers['accept-language']}`),
  )
  app.get('/vary/agent', async ({ headers }, reply) =>
    reply.header('Vary', 'User-Agent').send(`for ${headers['user-agent']}`),
  )
  app.get('/vary/two', async ({ headers }, reply) =>
    reply.header('Vary', 'Accept, Accept-Language').send(`${headers.accept} ${headers['accept-language']}`),
  )
  app.get('/vary/cookie', async ({ cookies }, reply) =>
    reply.header('Vary', 'Cookie').send(`theme ${cookies.theme ?? 'none'}`),
  )
}

function errors(app: FastifyInstance, site: Site): void {
  const all = (kind: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void => {
    app.route({ method: ['GET', 'HEAD', 'POST', 'DELETE'], url: `/errors/${kind}`, handler })
  }
  all('sync', () => {
    throw new Error('at once')
  })
  all('rejected', async () => {
    throw new Error('later')
  })
  all('next', (_request, reply) => void reply.send(new Error('handed on')))
  all('late', (_request, reply) => void setImmediate(() => void reply.send(new Error('in another turn'))))
  all('status', async () => {
    throw Object.assign(new Error('a teapot'), { statusCode: 418 })
  })
  all('fields', async (_request, reply) => {
    reply.header('X-Set-Before', 'yes').header('Cache-Control', 'max-age=60').header('ETag', '"old"')
    throw new Error('after setting fields')
  })
  all('default', async () => {
    throw Object.assign(new Error('left to Fastify'), { default: true })
  })
  all('after-head', async (request, reply) => {
    const source = Readable.from(
      (async function* () {
        yield 'a beginning'
        await turn()
        throw new Error('midway')
      })(),
    )
    source.once('close', () => site.note(request.raw, `${HANDLER}source closed`))
    return reply.send(source)
  })
  all('after-end', async (_request, reply) => {
    reply.send({ answered: true })
    await once(reply.raw, 'close').catch(() => {})
    throw new Error('after the answer')
  })
  all('twice', async (_request, reply) => {
    reply.send({ first: true })
    reply.send({ second: true })
  })
  app.setErrorHandler((error: Error & { statusCode?: number; default?: boolean }, request, reply) => {
    site.note(request.raw, `${HANDLER}error "${error.message}", sent: ${reply.sent}`)
    if (error.default) throw error
    return reply.code(error.statusCode ?? 500).send({ error: error.message })
  })
}

function bodies(app: FastifyInstance): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, payload, done) =>
    done(null, payload),
  )
  app.post('/json', { bodyLimit: 2000 }, async (request) => request.body)
  app.post('/form', async (request) => request.body)
  app.post('/text', async (request) => request.body)
  app.post('/bytes', async (request, reply) => reply.type('application/octet-stream').send(request.body))
  app.post('/upload', async (request) => {
    const parts: unknown[] = []
    for await (const part of request.parts()) {
      if (part.type === 'file') parts.push([part.filename, (await part.toBuffer()).length, part.mimetype])
      else parts.push([part.fieldname, part.value])
    }
    return parts
  })
}

/** Answers by Node's response, bypassing Fastify's reply. */
function raw(site: Site) {
  return async (app: FastifyInstance): Promise<void> => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.all('/raw/:name', async (request, reply) => {
      const handler = rawRoutes[params(request).name ?? '']
      if (handler === undefined) return reply.callNotFound()
      reply.hijack()
      return runRaw(handler, request.raw, reply.raw, site)
    })
  }
}
