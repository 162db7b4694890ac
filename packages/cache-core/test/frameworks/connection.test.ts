import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, request, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { httpCache } from '../../src/frameworks/node.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { tls } from './support/tls.js'

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function listenOnTls(handler: RequestListener, options: ServerOptions = {}): Promise<number> {
  return listen(createTlsServer({ ...tls, ...options }, handler))
}

/** Status and body of a GET over TLS. */
function askOverTls(port: number, path: string, options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, rejectUnauthorized: false, agent: false, ...options }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('the connection of a request', () => {
  it('a redirect to https that was made for http is not served over https', async () => {
    const app = express()
    app.use(httpCache(newCache(), { ttl: '1m' }))
    app.get('/', (req, res) => {
      if (req.secure) res.send('secure')
      else res.redirect(301, `https://${req.hostname}/`)
    })
    const headers = { Host: 'shop.example' }
    const plain = await listen(createHttpServer(app))
    const secure = await listenOnTls(app)
    for (const _ of [1, 2]) {
      expect((await ask(plain, '/', { headers })).status).toBe(301)
      expect(await askOverTls(secure, '/', { headers })).toBe('200 secure')
    }
  })

  it('an https Host with its port is the Host without', async () => {
    const cached = httpCache(newCache(), { ttl: '1m' })
    let runs = 0
    const port = await listenOnTls((req, res) => cached(req, res, () => res.end(`${req.headers.host} ${++runs}`)))
    for (const host of ['shop.example:443', 'shop.example']) {
      expect(await askOverTls(port, '/', { headers: { Host: host } })).toBe('200 shop.example 1')
    }
  })

  it('a write over https is heard over http', async () => {
    const cached = httpCache(newCache(), { ttl: '1m' })
    let version = 1
    const handler: RequestListener = (req, res) =>
      cached(req, res, () => res.end(`version ${req.method === 'PUT' ? ++version : version}`))
    const plain = await listen(createHttpServer(handler))
    const secure = await listenOnTls(handler)
    const headers = { Host: 'shop.example' }
    expect((await ask(plain, '/', { headers })).text()).toBe('version 1')
    await askOverTls(secure, '/', { method: 'PUT', headers })
    expect((await ask(plain, '/', { headers })).text()).toBe('version 2')
  })

  it('an answer to a client certificate is its own client’s', async () => {
    const cached = httpCache(newCache(), { ttl: '1m', narrow: 'strict' })
    const port = await listenOnTls(
      (req, res) =>
        cached(req, res, () =>
          res.end(`for ${(req.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody'}`),
        ),
      { requestCert: true, rejectUnauthorized: false },
    )
    for (const _ of [1, 2]) {
      expect(await askOverTls(port, '/', tls)).toBe('200 for localhost')
      expect(await askOverTls(port, '/')).toBe('200 for nobody')
    }
  })
})
