import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/node.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { later, newCache } from './support/apps.js'
import { tls } from './support/tls.js'

describe('over TLS and HTTP/2', () => {
  it('the run is for the same scheme and host', async () => {
    const clock = new FakeClock()
    const cache = newCache({ clock })
    const seen: unknown[] = []
    const cached = httpCache(cache, { ttl: '1s', staleWhileRevalidate: '1h' })
    const server = createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
      const [req, res] = [request as unknown as IncomingMessage, response as unknown as ServerResponse]
      cached(req, res, () => {
        seen.push([req.url, (req.socket as TLSSocket).encrypted, req.headers.host ?? req.headers[':authority']])
        res.end(`run ${seen.length}`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      rejectUnauthorized: false,
    })
    later(() => {
      session.destroy()
      return new Promise((resolve) => server.close(resolve))
    })
    const get = async (): Promise<string> => {
      const stream = session.request({ ':path': '/a', ':authority': 'shop.example' })
      let body = ''
      for await (const piece of stream) body += String(piece)
      return body
    }
    await get()
    await clock.advance(2_000)
    expect(await get()).toBe('run 1')
    await expect.poll(get).toBe('run 2')
    expect(seen).toEqual(Array(2).fill(['/a', true, 'shop.example']))
  })
})
