import { describe, expect, it } from 'vitest'
import { scriptedStore } from '../support/scripted-store.js'
import { frameworks, type Handler, newCache, newPlace, onNode } from './support/apps.js'
import { bodyOf, sendRaw } from './support/raw-client.js'

const CREDENTIALS = [
  'X-API-Key',
  'Api-Key',
  'X-Auth-Token',
  'X-Access-Token',
  'X-CSRF-Token',
  'Proxy-Authorization',
  'DPoP',
]

/** Answers with the credentials that it sees. */
const echo: Handler = (req, res) => {
  const seen = CREDENTIALS.filter((name) => req.headers[name.toLowerCase()] !== undefined)
  res.end(`for ${seen.map((name) => `${name} ${req.headers[name.toLowerCase()]}`).join() || 'nobody'}`)
}

/** The key holds all that chose the answer: what layers outside have made of a request, not what the client sent. */
describe.each(frameworks)('%s: what the key holds', (framework, start) => {
  it('a field as an outer layer has written it', async () => {
    const app = await start((req, res) => res.end(`${req.headers['x-user']} ${req.rawHeaders.includes('admin')}`), {
      options: { headers: ['x-user'] },
      outside: (req) => {
        req.headers['x-user'] = req.headers['x-ticket'] === '1' ? 'ann' : 'bob'
        delete req.headers['x-ticket']
      },
    })
    expect((await app.get('/', { 'X-Ticket': '1' })).text()).toBe('ann false')
    expect((await app.get('/', { 'X-Ticket': '2' })).text()).toBe('bob false')
    expect((await app.get('/', { 'X-Ticket': '1', 'X-User': 'admin' })).text()).toBe('ann false')
    expect((await app.get('/', { 'X-Ticket': '2', 'X-User': 'admin' })).cacheStatus()).toContain('hit')
    expect(app.runs()).toBe(2)
  })

  it('a field that an outer layer has removed is not there', async () => {
    const app = await start((req, res) => res.end(`${req.headers['x-user']} ${req.rawHeaders.join()}`), {
      options: { headers: ['x-user'] },
      outside: (req) => void delete req.headers['x-user'],
    })
    expect((await app.get('/', { 'X-User': 'admin' })).text()).not.toContain('admin')
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('a URL as an outer layer has rewritten it, with its query', async () => {
    const app = await start((req, res) => res.end(req.url), {
      outside: (req) => {
        const language = req.headers['accept-language'] ?? 'en'
        Object.assign(req, { originalUrl: req.url, url: `/page?lang=${language}` })
      },
    })
    const get = async (language: string) => (await app.get('/', { 'Accept-Language': language })).text()
    // Nest on Fastify puts the URL back when its middleware have run.
    const seen = framework === 'Nest on Fastify' ? ['/', '/', '/'] : ['/page?lang=de', '/page?lang=fr', '/page?lang=de']
    expect([await get('de'), await get('fr'), await get('de')]).toEqual(seen)
  })

  it('an answer to a credential is its own client’s, until the route names the field', async () => {
    const app = await start(echo, { options: { headers: ['accept-language'] } })
    const named = await start(echo, { options: { headers: CREDENTIALS } })
    for (const name of CREDENTIALS) {
      for (const key of ['a', 'b']) expect((await app.get('/', { [name]: key })).text()).toBe(`for ${name} ${key}`)
      expect((await app.get('/', { [name]: 'c' })).cacheStatus()).toBe(
        `fwd=bypass; detail="request has ${name}, route does not name it"`,
      )
      for (const key of ['a', 'b', 'a']) {
        expect((await named.get('/', { [name]: key })).text()).toBe(`for ${name} ${key}`)
      }
    }
    expect((await app.get('/')).text()).toBe('for nobody')
    expect(named.runs()).toBe(2 * CREDENTIALS.length)
  })

  it('a credential of the application’s own, where it says so', async () => {
    const app = await start((req, res) => res.end(req.headers['x-tenant-key']), {
      options: { credentialHeaders: ['X-Tenant-Key'] },
    })
    expect((await app.get('/', { 'X-Tenant-Key': 'a' })).text()).toBe('a')
    expect((await app.get('/', { 'X-Tenant-Key': 'b' })).text()).toBe('b')
  })

  it('naming a header does not hide Authorization', async () => {
    const app = await start((req, res) => res.end(req.headers.authorization ?? 'nobody'), {
      options: { headers: ['x-tenant'] },
    })
    expect((await app.get('/', { Authorization: 'Bearer a' })).text()).toBe('Bearer a')
    expect((await app.get('/')).text()).toBe('nobody')
  })

  it.runIf(onNode(framework))('what the route’s own function says of the whole request', async () => {
    const app = await start((req, res) => res.end(`role ${(req as { role?: string }).role}`), {
      outside: (req) => Object.assign(req, { role: req.headers.authorization?.slice(7) }),
      options: {
        headers: [],
        vary: (request) => roleOf(request),
      },
    })
    const as = async (role: string) => (await app.get('/', { Authorization: `Bearer ${role}` })).text()
    expect([await as('admin'), await as('user'), await as('admin'), await as('user')]).toEqual([
      'role admin',
      'role user',
      'role admin',
      'role user',
    ])
    expect((await app.get('/')).text()).toBe('role undefined')
    expect(app.runs()).toBe(3)
  })

  it('a Host with the port of its scheme is the Host without', async () => {
    const app = await start((req, res) => res.end(req.headers.host))
    expect((await app.get('/', { Host: 'shop.example:80' })).text()).toBe('shop.example')
    expect((await app.get('/', { Host: 'shop.example' })).cacheStatus()).toContain('hit')
    expect((await app.get('/', { Host: 'shop.example:443' })).text()).toBe('shop.example:443')
  })

  it('where hosts share entries the handler sees one host for all', async () => {
    for (const [host, seen] of [
      [false, 'localhost'],
      ['shop.example', 'shop.example'],
    ] as const) {
      const app = await start((req, res) => res.end(req.headers.host), { options: { host } })
      expect((await app.get('/', { Host: 'a.example' })).text()).toBe(seen)
      const other = await app.get('/', { Host: 'b.example' })
      expect([other.text(), other.cacheStatus().slice(0, 3)]).toEqual([seen, 'hit'])
    }
  })

  it('two lines of a field of which a handler may read the first are not one line with both', async () => {
    const app = await start((req, res) => {
      res.setHeader('Vary', 'User-Agent')
      res.end(req.headers['user-agent'])
    })
    const agent = 'Mozilla/5.0 (KHTML, like Gecko)'
    const get = (...lines: string[]) =>
      sendRaw(
        app.port,
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.map((line) => `User-Agent: ${line}\r\n`).join('')}\r\n`,
      )
    await get('Mozilla/5.0 (KHTML', 'like Gecko)')
    await get('Mozilla/5.0 (KHTML,like Gecko)')
    expect(bodyOf(await get(agent))).toContain(agent)
    expect(await get(agent)).toContain('tiercel; hit')
  })

  it('one of the languages that the application has is what the handler sees of them, or nothing', async () => {
    const app = await start(
      (req, res) => {
        res.setHeader('Vary', 'Accept-Language')
        res.end(`${req.headers['accept-language']}`)
      },
      { options: { languages: ['en', 'de'] } },
    )
    for (const [asked, seen, cached] of [
      ['de-CH, fr;q=0.5', 'de', 'fwd'],
      ['fr, de;q=0.1', 'de', 'hit'],
      ['en-GB, de;q=0.9', 'en', 'fwd'],
      ['fr, *;q=0.1', 'undefined', 'fwd'],
      [undefined, 'undefined', 'hit'],
    ] as const) {
      const reply = await app.get('/', asked === undefined ? {} : { 'Accept-Language': asked })
      expect([asked, reply.text(), reply.cacheStatus().slice(0, 3)]).toEqual([asked, seen, cached])
    }
  })

  it('parameters that never count, a sorted query and one coding are what the handler sees, too', async () => {
    const app = await start((req, res) => res.end(`${req.url} ${req.headers['accept-encoding']}`), {
      options: { ignoreQuery: ['utm_*'], sortQuery: true, encodings: ['br', 'gzip'], headers: ['accept-encoding'] },
    })
    const first = await app.get('/p?b=2&utm_source=x&a=1', { 'Accept-Encoding': 'gzip, br' })
    expect(first.text()).toBe('/p?a=1&b=2 br')
    const second = await app.get('/p?a=1&b=2&utm_term=y', { 'Accept-Encoding': 'br;q=0.5, gzip, deflate' })
    expect([second.text(), second.cacheStatus().slice(0, 3)]).toEqual([first.text(), 'hit'])
  })

  it.runIf(onNode(framework))('a read that the route lets pass is neither answered nor stored', async () => {
    const app = await start((req, res) => res.end(`${req.headers['x-preview']}`), {
      options: {
        bypass: (request) => (request as { headers: Record<string, unknown> }).headers['x-preview'] === '1',
      },
    })
    await app.get('/')
    const preview = await app.get('/', { 'X-Preview': '1' })
    expect([preview.text(), preview.cacheStatus()]).toEqual(['1', 'fwd=bypass; detail="route asks for it"'])
    expect((await app.get('/')).text()).toBe('undefined')
    expect(app.runs()).toBe(2)
  })

  it('a key of the route stands in the place of the query, and what knows the URL reaches all of its entries', async () => {
    let version = 1
    const app = await start(
      (req, res) => {
        if (req.method === 'PUT') version++
        res.end(`${req.url} ${req.headers['x-tenant']} ${version}`)
      },
      { options: { key: (request) => fieldOf(request, 'x-tenant') } },
    )
    const headers = { Host: 'shop.example' }
    const answers = async (...targets: string[]): Promise<string[]> => {
      const found: string[] = []
      for (const target of targets) {
        for (const tenant of ['red', 'blue']) {
          const reply = await app.get(target, { ...headers, 'X-Tenant': tenant })
          found.push(`${reply.text()} ${reply.cacheStatus().slice(0, 3)}`)
        }
      }
      return found
    }
    expect(await answers('/p?page=1', '/p?page=2&utm=x')).toEqual([
      '/p red 1 fwd',
      '/p blue 1 fwd',
      '/p red 1 hit',
      '/p blue 1 hit',
    ])
    expect(await app.engine.purge('http://shop.example/p?page=7')).toBe('delivered')
    expect(await answers('/p')).toEqual(['/p red 1 fwd', '/p blue 1 fwd'])
    await app.ask('/p?force=true', { method: 'PUT', headers })
    expect(await answers('/p', '/q')).toEqual(['/p red 2 fwd', '/p blue 2 fwd', '/q red 2 fwd', '/q blue 2 fwd'])
  })

  it.each([
    [{ query: ['page'] }, '/p?page=1', ['/p?page=1 fwd', '/p?page=1 hit', '/p?page=2 fwd']],
    [{ narrow: false }, '/p?page=1&x=1', ['/p?page=1&x=1 fwd', '/p?page=1&x=1 hit', '/p?page=1&x=1 hit']],
  ])('beside a key of the route, %j counts and is seen', async (options, first, expected) => {
    const app = await start((req, res) => res.end(req.url), { options: { key: () => 'all', ...options } })
    const found: string[] = []
    for (const target of [first, '/p?page=1&x=2', '/p?page=2']) {
      const reply = await app.get(target)
      found.push(`${reply.text()} ${reply.cacheStatus().slice(0, 3)}`)
    }
    expect(found).toEqual(expected)
  })

  it('no value of a key field stands in clear in a key of the store', async () => {
    const { store, calls } = scriptedStore({}, newPlace()())
    const app = await start((_req, res) => res.end('x'), {
      cache: newCache({ store }),
      options: {
        headers: ['x-api-key', 'accept-language'],
        cookies: ['session'],
        vary: () => 's3cret-role',
        key: () => 's3cret-key',
      },
    })
    await app.get('/', { 'X-API-Key': 's3cret', Cookie: 'session=s3cret', 'Accept-Language': 'de' })
    expect(calls.join()).toContain('accept-language=de')
    expect(calls.join()).not.toContain('s3cret')
  })
})

/** Of a framework's own request. */
function fieldOf(request: unknown, name: string): string | undefined {
  const { headers, req } = request as {
    readonly headers?: Headers | Readonly<Record<string, string>>
    readonly req: { header(name: string): string | undefined }
  }
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  return headers === undefined ? req.header(name) : headers[name]
}

/** Of node's own request, which frameworks keep under one name or another. */
function roleOf(request: unknown): string | undefined {
  const { raw, req } = request as Record<'raw' | 'req', unknown>
  return ((raw ?? req ?? request) as { role?: string }).role
}

/**
 * The key and the handler read the same bytes, or the request passes. A server of fetch makes a URL of each target, and
 * refuses what is none.
 */
describe.each(frameworks.filter(([framework]) => onNode(framework)))('%s: targets', (_, start) => {
  const raw = (port: number, line: string, ...fields: string[]) =>
    sendRaw(port, `${line}\r\n${[...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`)

  it('an absolute target without Host fills nobody’s entry', async () => {
    const app = await start((req, res) => res.end(`host ${req.headers.host}`))
    expect(bodyOf(await raw(app.port, 'GET http://shop.example/ HTTP/1.0'))).toContain('host undefined')
    expect((await app.get('/', { Host: 'shop.example' })).text()).toBe('host shop.example')
  })

  it('a request without Host has nothing in common with routes of all hosts', async () => {
    const cache = newCache()
    const inner = await start((_req, res) => res.end('internal'), { cache, options: { host: false } })
    const site = await start((_req, res) => res.end('public'), { cache })
    await inner.get('/')
    expect(bodyOf(await raw(site.port, 'GET / HTTP/1.0'))).toContain('public')
    expect(bodyOf(await raw(inner.port, 'GET / HTTP/1.0'))).toContain('internal')
  })

  it('an absolute target is the origin form, and without narrowing an entry of its own', async () => {
    const handler = (req: { url?: string | undefined }, res: { end(body: string): unknown }) =>
      res.end(`url ${req.url}`)
    const app = await start(handler)
    await raw(app.port, 'GET http://shop.example/p HTTP/1.1', 'Host: shop.example')
    const origin = await app.get('/p', { Host: 'shop.example' })
    expect([origin.text(), origin.cacheStatus().slice(0, 3)]).toEqual(['url /p', 'hit'])
    const open = await start(handler, { options: { narrow: false } })
    expect(bodyOf(await raw(open.port, 'GET http://shop.example/p HTTP/1.1', 'Host: shop.example'))).toContain(
      'url http://shop.example/p',
    )
    expect((await open.get('/p', { Host: 'shop.example' })).text()).toBe('url /p')
  })

  it('an absolute target whose query could be taken for its path passes', async () => {
    const app = await start((req, res) => res.end(`url ${req.url}`))
    const line = 'GET http://shop.example?x=/u/someone HTTP/1.1'
    await raw(app.port, line, 'Host: shop.example')
    expect(await raw(app.port, line, 'Host: shop.example')).not.toContain('tiercel; hit')
    const root = await app.get('/?x=/u/someone', { Host: 'shop.example' })
    expect([root.text(), root.cacheStatus().slice(0, 3)]).toEqual(['url /?x=/u/someone', 'fwd'])
  })
})
