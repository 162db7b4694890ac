import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../src/http/engine/http-cache.js'
import { memoryStore } from '../../src/index.js'
import { frameworks, gate, newCache } from './support/apps.js'
import { open } from './support/client.js'

/** Asks, and reads nothing. */
async function silentClient(port: number, target: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.pause()
  await once(socket, 'connect')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  return socket
}

const PIECE = Buffer.alloc(10_000, 'x')

describe.each(frameworks)('%s: hostile clients', (_framework, start) => {
  it('an answer for one alone, which a client knows how to elicit, does not send all others past the cache', async () => {
    const cache = newCache()
    const engine = createHttpCache(cache, { ttl: '1m', maxBodyBytes: 1_000 })
    const app = await start(
      (req, res) => {
        const { 'x-bad': bad } = req.headers
        if (bad === 'error') res.statusCode = 400
        if (bad === 'private') res.setHeader('Cache-Control', 'private')
        if (bad === 'cookie') res.setHeader('Set-Cookie', 'session=1')
        if (bad === 'vary') res.setHeader('Vary', '*')
        res.end(bad === 'large' ? 'x'.repeat(2_000) : 'page')
      },
      { cache, engine },
    )
    const get = (headers = {}) => app.get('/', { Host: 'a.example', ...headers })
    expect((await get()).cacheStatus()).toContain('stored')
    for (const bad of ['error', 'private', 'cookie', 'vary', 'large']) {
      await engine.purge('http://a.example/')
      // The second finds that nothing is stored yet, and no mark that would let it pass.
      for (let i = 0; i < 2; i++) await get({ 'X-Bad': bad })
      expect([bad, (await get()).cacheStatus()]).toEqual([bad, 'fwd=uri-miss; stored'])
      expect([bad, (await get({ 'X-Bad': bad })).cacheStatus()]).toEqual([bad, expect.stringContaining('hit')])
    }
  })

  it('what may never be stored still lets everybody pass at once', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Cache-Control', 'private')
      res.end('page')
    })
    await app.get('/')
    expect((await app.get('/')).cacheStatus()).toContain('response says private')
  })

  it('says no more in Cache-Status than the route allows', async () => {
    for (const [cacheStatus, told] of [
      ['minimal', ['fwd=miss', 'hit', 'fwd=bypass', 'fwd=method']],
      [false, [undefined, undefined, undefined, undefined]],
    ] as const) {
      const app = await start((_req, res) => res.end('page'), { options: { cacheStatus } })
      const replies = [
        await app.get('/'),
        await app.get('/'),
        await app.get('/', { Cookie: 'a=1', 'Cache-Control': 'no-cache', 'X-API-Key': 'k', Upgrade: 'websocket' }),
        await app.ask('/', { method: 'POST' }),
      ]
      const seen = replies.map(({ rawHeaders }) => {
        const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'cache-status')
        return at < 0 ? undefined : rawHeaders[at + 1]?.replace('tiercel; ', '')
      })
      // Cookies and the like pass as well, so the third is a bypass or answered from what is public.
      expect(seen).toEqual(told)
    }
  })

  it('bodies that are captured at once share one budget: beyond it responses pass, whole', async () => {
    const cache = newCache({ maxCaptureBytes: 100_000 })
    const { opened, open: letGo } = gate()
    const app = await start(
      async (_req, res) => {
        for (let i = 0; i < 6; i++) res.write(PIECE)
        await opened
        res.end('end')
      },
      { cache },
    )
    const clients = await Promise.all(['/a', '/b', '/c'].map((target) => open(app.port, target)))
    const bodies = clients.map(async (message) => {
      let bytes = 0
      for await (const piece of message) bytes += (piece as Buffer).byteLength
      return bytes
    })
    // One has its place, the others do not.
    await expect.poll(() => cache.stats().captureBytes).toBeGreaterThan(0)
    expect(cache.stats().captureBytes).toBeLessThanOrEqual(100_000)
    letGo()
    expect(await Promise.all(bodies)).toEqual([60_003, 60_003, 60_003])
    await expect.poll(() => cache.stats().captureBytes).toBe(0)
    const later = await Promise.all(['/a', '/b', '/c'].map((target) => app.get(target)))
    expect(later.filter((reply) => reply.cacheStatus().startsWith('hit')).length).toBe(1)
    expect(later.map((reply) => reply.body.length)).toEqual([60_003, 60_003, 60_003])
  })

  it('stored bodies that clients do not read share one budget: beyond it handlers answer, and it comes back', async () => {
    // More than the system keeps in the buffers of a connection.
    const bytes = 8_000_000
    const cache = newCache({ store: memoryStore({ maxBytes: 100_000_000 }), maxSendBytes: 20_000_000 })
    const app = await start(
      (_req, res) => {
        res.setHeader('Content-Length', bytes)
        res.end(Buffer.alloc(bytes, 'x'))
      },
      { cache, options: { maxBodyBytes: bytes } },
    )
    for (const target of ['/a', '/b', '/c']) await app.get(target)
    // Two at each of two URLs: what they share counts once.
    const silent = await Promise.all(['/a', '/b', '/a', '/b'].map((target) => silentClient(app.port, target)))
    await expect.poll(() => cache.stats().sendBytes).toBeGreaterThan(2 * bytes)
    expect(cache.stats().sendBytes).toBeLessThan(20_000_000)
    const crowded = await app.get('/c')
    expect(crowded.body.length).toBe(bytes)
    expect(crowded.cacheStatus()).toContain('too many stored bodies are on their way')
    for (const client of silent) client.destroy()
    await expect.poll(() => cache.stats().sendBytes).toBe(0)
    const free = await app.get('/c')
    expect(free.cacheStatus()).toContain('hit')
    expect(free.body.length).toBe(bytes)
    await expect.poll(() => cache.stats().sendBytes).toBe(0)
  })

  it('a client that asks first and reads nothing makes one other wait, and nobody after that one', async () => {
    const waitTimeout = 500
    const app = await start(
      async (_req, res) => {
        if (app.runs() > 1) return res.end('page')
        // More than the system keeps for a connection, and no more than a stored body may have.
        for (let i = 0; i < 20 && !res.destroyed; i++) {
          if (!res.write(Buffer.alloc(1_000_000))) await Promise.race([once(res, 'drain'), once(res, 'close')])
        }
        return res.end()
      },
      { options: { maxBodyBytes: 50_000_000, waitTimeout } },
    )
    const silent = await silentClient(app.port, '/')
    await expect.poll(() => app.runs()).toBe(1)
    const Host = `127.0.0.1:${app.port}`
    await app.get('/', { Host })
    const began = performance.now()
    for (let i = 0; i < 10; i++) expect((await app.get('/', { Host })).text()).toBe('page')
    expect(performance.now() - began).toBeLessThan(10 * waitTimeout)
    silent.destroy()
  })

  it('what aborted requests leave is bounded, and the next client is answered', async () => {
    const cache = newCache({ maxCaptureBytes: 2_000_000 })
    const running: ServerResponse[] = []
    let most = 0
    const app = await start(
      async (req, res) => {
        if (req.url === '/next') return res.end('next')
        running.push(res)
        await new Promise((resolve) => setTimeout(resolve, 50))
        for (let i = 0; i < 100; i++) {
          res.write(PIECE)
          most = Math.max(most, cache.stats().captureBytes)
          if (i % 10 === 9) await new Promise((resolve) => setImmediate(resolve))
        }
        return res.end()
      },
      { cache },
    )
    const aborts = Array.from({ length: 12 }, (_, index) => {
      const abort = new AbortController()
      const asked = open(app.port, `/${index}`, { signal: abort.signal }).catch(() => undefined)
      return { abort, asked }
    })
    await expect.poll(() => running.length).toBe(12)
    for (const { abort } of aborts) abort.abort()
    await Promise.all(aborts.map(({ asked }) => asked))
    expect((await app.get('/next')).text()).toBe('next')
    await expect.poll(() => cache.stats().captureBytes).toBe(0)
    expect(most).toBeLessThanOrEqual(2_000_000)
  })
})
