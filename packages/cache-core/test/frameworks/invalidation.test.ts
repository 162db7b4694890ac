import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { scriptedStore } from '../support/scripted-store.js'
import { type App, frameworks, gate, newCache, newPlace, onNode, sleep } from './support/apps.js'
import { Agent, ask, type Reply } from './support/client.js'

/** A resource that answers GET with what the last write left, and writes with whatever the test wants. */
function resource(write: (res: ServerResponse, method: string) => unknown = (res) => res.end()) {
  let version = 0
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method === 'GET' || req.method === 'HEAD') res.end(`version ${version}`)
    else {
      version++
      await write(res, req.method as string)
    }
  }
}

/** Writes always reach the handler, and who has read the answer finds no older response. */
describe.each(frameworks)('%s: invalidation', (framework, start) => {
  it('no method that only asks invalidates, whatever its answer names', async () => {
    const app = await start((req, res) => {
      if (req.method !== 'GET') res.setHeader('Location', '/target')
      res.end(`${req.url}`)
    })
    const Host = 'a.example'
    for (const target of ['/', '/target']) await app.get(target, { Host })
    for (const method of ['PROPFIND', 'REPORT', 'SEARCH', 'OPTIONS']) {
      await app.ask('/', { method, headers: { Host } })
      for (const target of ['/', '/target']) {
        expect([method, target, (await app.get(target, { Host })).cacheStatus()]).toEqual([
          method,
          target,
          expect.stringContaining('hit'),
        ])
      }
    }
  })

  it.each([
    ['no body', (res: ServerResponse) => res.end()],
    ['writeHead and a body', (res: ServerResponse) => res.writeHead(200, 'Done', { 'X-Done': '1' }).end('done')],
    [
      'a flushed head',
      async (res: ServerResponse) => {
        res.flushHeaders()
        await sleep(5)
        res.end('done')
      },
    ],
    [
      'writeHead long before its body',
      async (res: ServerResponse) => {
        res.writeHead(200, { 'X-Done': '1' })
        await sleep(5)
        res.end('done')
      },
    ],
    [
      'a stream',
      (res: ServerResponse) => {
        Readable.from(['do', 'ne']).pipe(res)
      },
    ],
    ['204', (res: ServerResponse) => res.writeHead(204).end()],
    ['a redirect', (res: ServerResponse) => res.writeHead(303, { Location: '/' }).end()],
  ])('a write that is answered with %s', async (name, write) => {
    const app = await start(resource(write))
    const agent = new Agent({ keepAlive: true })
    for (const [index, method] of ['PUT', 'POST', 'PATCH', 'DELETE', 'PROPPATCH'].entries()) {
      expect((await app.ask('/', { agent })).text()).toBe(`version ${index}`)
      expect((await app.ask('/', { agent })).cacheStatus()).toContain('hit')
      const written = await app.ask('/', { method, agent })
      expect(written.complete).toBe(true)
      expect(written.cacheStatus()).toBe('fwd=method')
      if (name !== 'no body' && name !== '204' && name !== 'a redirect') expect(written.text()).toBe('done')
      if (name.startsWith('writeHead')) expect(written.header('x-done')).toBe('1')
      if (name === 'writeHead and a body' && onNode(framework)) expect(written.statusText).toBe('Done')
    }
    agent.destroy()
  })

  it('the new version is there when the answer has been read, in every process', async () => {
    const place = newPlace()
    const handler = resource((res) => {
      res.write('written')
      setTimeout(() => res.end(), 50)
    })
    const writer = await start(handler, { cache: newCache({ store: place() }) })
    const reader = await start(handler, { cache: newCache({ store: place() }) })
    const headers = { Host: 'example.com' }
    await reader.get('/', headers)
    await reader.get('/', headers)
    expect((await writer.ask('/', { method: 'PUT', headers })).text()).toBe('written')
    expect((await reader.get('/', headers)).text()).toBe('version 1')
  })

  it.each([401, 403, 404, 405, 500])('a write that is refused with %i evicts nothing', async (status) => {
    const app = await start(resource((res) => res.writeHead(status).end()))
    await app.get('/')
    await app.ask('/', { method: 'DELETE' })
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('POST is not answered from the entry of GET, nor GET from that of POST', async () => {
    const app = await start((req, res) => res.end(req.method))
    expect((await app.get('/')).text()).toBe('GET')
    expect((await app.ask('/', { method: 'POST', body: 'x' })).text()).toBe('POST')
    expect((await app.get('/')).text()).toBe('GET')
  })

  it('OPTIONS passes and evicts nothing', async () => {
    const app = await start((req, res) => res.end(req.method))
    await app.get('/')
    const options = await app.ask('/', { method: 'OPTIONS' })
    expect([options.text(), options.cacheStatus()]).toEqual([
      'OPTIONS',
      'fwd=method; detail="method is neither GET nor HEAD"',
    ])
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it('Location and Content-Location of the same origin are invalid, too; of another one, not', async () => {
    const app = await start((req, res) => {
      if (req.method !== 'POST') return res.end('x')
      const origin = `http://${req.headers.host}`
      if (req.url === '/evil') res.writeHead(201, { Location: 'http://evil.example/c' })
      else res.writeHead(201, { Location: `${origin}/a`, 'Content-Location': '/b' })
      return res.end()
    })
    const paths = ['/a', '/b', '/c']
    for (const path of paths) await app.get(path)
    await app.ask('/items', { method: 'POST' })
    await app.ask('/evil', { method: 'POST' })
    const statuses = await Promise.all(paths.map(async (path) => (await app.get(path)).cacheStatus().slice(0, 3)))
    expect(statuses).toEqual(['fwd', 'fwd', 'hit'])
  })

  it('a write that passes a load leaves nothing older behind', async () => {
    const { opened, open: finish } = gate()
    let version = 1
    let slow = true
    const app = await start(async (req, res) => {
      if (req.method === 'PUT') version++
      const seen = version
      if (req.method === 'GET' && slow) await opened
      res.end(`version ${seen}`)
    })
    const early = app.get('/')
    await expect.poll(app.runs).toBe(1)
    slow = false
    await app.ask('/', { method: 'PUT' })
    const after = app.get('/')
    finish()
    expect((await early).text()).toBe('version 1')
    expect((await after).text()).toBe('version 2')
    expect((await app.get('/')).text()).toBe('version 2')
  })

  it('all variants go with their URL', async () => {
    const app = await start((req, res) => {
      res.setHeader('Vary', 'Accept-Language')
      res.end(req.headers['accept-language'])
    })
    const languages = ['de', 'en']
    const statuses = () =>
      Promise.all(
        languages.map(async (language) =>
          (await app.get('/', { 'Accept-Language': language })).cacheStatus().slice(0, 3),
        ),
      )
    await statuses()
    await statuses()
    expect(await statuses()).toEqual(['hit', 'hit'])
    await app.ask('/', { method: 'PUT' })
    expect(await statuses()).toEqual(['fwd', 'fwd'])
  })

  it.runIf(onNode(framework))('to the handler of a write its response looks as without a cache', async () => {
    const seen: unknown[] = []
    const app = await start(async (req, res) => {
      if (req.method === 'GET') return res.end()
      expect(() => res.writeHead(200, { 'X-Bad': 'a\nb' })).toThrow(/Invalid character/)
      res.writeHead(201, ['Link', '</a>', 'Link', '</b>'])
      seen.push(res.headersSent, res.writableEnded)
      expect(() => res.writeHead(500)).toThrow(/after they are sent/)
      const wrote = new Promise((resolve) => res.write('a', resolve))
      if (!res.write(Buffer.from('b'))) await new Promise((resolve) => res.once('drain', resolve))
      await wrote
      const ended = new Promise<void>((resolve) => res.end('c', resolve))
      seen.push(res.writableEnded)
      await ended
      seen.push(res.headersSent, res.writableFinished)
      return undefined
    })
    const reply = await app.ask('/', { method: 'POST' })
    expect([reply.status, reply.text(), reply.lines('link')]).toEqual([201, 'abc', ['</a>', '</b>']])
    await expect.poll(() => seen).toEqual([true, false, true, true, true])
  })

  it('a layer inside that overrides the response keeps its hold while the head waits', async () => {
    const app = await start(async (req, res) => {
      if (req.method === 'GET') return res.end()
      const { write } = res
      res.write = ((chunk: string) => write.call(res, chunk.toUpperCase(), 'utf8')) as typeof write
      res.write('one ')
      await sleep(30)
      res.write('two')
      return res.end()
    })
    expect((await app.ask('/', { method: 'PUT' })).text()).toBe('ONE TWO')
  })

  it('what goes wrong after the head is the handler’s error, and nobody else’s', async () => {
    const app = await start((req, res) => {
      if (req.method === 'GET') return res.end('alive')
      res.writeHead(200)
      expect(() => res.write(42)).toThrow(TypeError)
      expect(() => res.end(42)).toThrow(TypeError)
      return res.end('done')
    })
    expect((await app.ask('/', { method: 'PUT' })).text()).toBe('done')
    expect((await app.get('/')).text()).toBe('alive')
  })

  it('a client that leaves during a write does no harm, and the write counts', async () => {
    const { opened, open: finish } = gate()
    const app = await start(
      resource(async (res) => {
        await opened
        res.end('done')
      }),
    )
    await app.get('/')
    const abort = new AbortController()
    const leaver = ask(app.port, '/', { method: 'PUT', signal: abort.signal }).catch(() => undefined)
    await expect.poll(app.runs).toBe(2)
    abort.abort()
    await leaver
    finish()
    await expect.poll(async () => (await app.get('/')).text()).toBe('version 1')
  })

  it('a write that the store does not hear of is effective here at once, and there when the store is back', async () => {
    let down = false
    let unheard = 0
    const clock = new FakeClock()
    const place = newPlace()
    const inner = place()
    const { store } = scriptedStore(
      {
        delete: (key) => {
          if (!down) return inner.delete(key)
          unheard++
          return new Promise(() => {})
        },
      },
      inner,
    )
    const handler = resource()
    const headers = { Host: 'example.com' }
    const here = await start(handler, { cache: newCache({ store, clock, storeTimeout: 500 }) })
    const there = await start(handler, { cache: newCache({ store: place(), clock }) })
    await here.get('/', headers)
    down = true
    const written = here.ask('/', { method: 'PUT', headers })
    await expect.poll(() => unheard).toBeGreaterThan(0)
    await clock.advance(500)
    await written
    const reply = await here.get('/', headers)
    expect([reply.text(), reply.cacheStatus()]).toEqual([
      'version 1',
      'fwd=miss; detail="a purge of this URL has not reached the store yet"',
    ])
    expect((await there.get('/', headers)).text()).toBe('version 0')
    down = false
    const passing = async (app: App): Promise<Reply> => {
      await clock.advance(50)
      return app.get('/', headers)
    }
    await expect.poll(async () => (await passing(there)).text()).toBe('version 1')
    await expect.poll(async () => (await passing(here)).cacheStatus()).toContain('hit')
  })

  it('purge removes a URL by hand, with all that was loading, and nothing else', async () => {
    const { opened, open: finish } = gate()
    let slow = false
    const engine = createHttpCache(newCache(), { ttl: '1m' })
    const app = await start(
      async (_req, res) => {
        if (slow) await opened
        res.end('x')
      },
      { engine },
    )
    await app.get('/a')
    await app.get('/b')
    expect(await engine.purge(`http://127.0.0.1:${app.port}/a`)).toBe('delivered')
    slow = true
    const loading = app.get('/a')
    await expect.poll(app.runs).toBe(3)
    await engine.purge(`HTTP://127.0.0.1:${app.port}/a`)
    finish()
    await loading
    expect((await app.get('/a')).cacheStatus()).toContain('fwd=uri-miss')
    expect((await app.get('/b')).cacheStatus()).toContain('hit')
  })
})
