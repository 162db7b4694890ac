import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { httpCache as fetchHttpCache } from '../../../../src/frameworks/fetch.js'
import { httpCache as honoHttpCache } from '../../../../src/frameworks/hono.js'
import { type Handler, later, listen, portOf, startWith } from '../running-app.js'

export const startFetch = startWith(async ({ engine, cache, route, outside, handler }) => {
  const given = await behindFetch(handler)
  const answer = fetchHttpCache(engine)(route === undefined ? given : fetchHttpCache(cache, route)(given))
  const listener = getRequestListener((request, env) => answer(request, env))
  return listen((req, res) => {
    outside(req, res)
    void listener(req, res)
  })
})

export const startHono = startWith(async ({ engine, cache, route, outside, handler }) => {
  const answer = await behindFetch(handler)
  const app = new Hono()
  app.use(honoHttpCache(engine))
  if (route !== undefined) app.use(honoHttpCache(cache, route))
  app.all('*', (c) => answer(c.req.raw, c.env))
  const listener = getRequestListener(app.fetch)
  return listen((req, res) => {
    outside(req, res)
    void listener(req, res)
  })
})

/** Fields of the connection between the two servers. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'trailer', 'transfer-encoding'])

/** Turns a node:http handler into one for fetch, by a server of its own that gets each request. */
async function behindFetch(handler: Handler): Promise<(request: Request, env: unknown) => Promise<Response>> {
  /** Responses under way, by the port of their client. */
  const running = new Map<number | undefined, ServerResponse>()
  const server = createServer((req, res) => {
    running.set(req.socket.remotePort, res)
    res.sendDate = false
    return handler(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (request) =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(request.headers)
      // Fetch has dropped the body, so nobody will send it.
      if (request.body === null) delete headers['content-length']
      const path = request.url.replace(/^\w+:\/\/[^/]*/, '')
      const asked = ask({ port: portOf(server), path, method: request.method, headers, agent: false })
      // Tells the handler that its client has gone. It may go on.
      request.signal.addEventListener('abort', () => running.get(asked.socket?.localPort)?.emit('close'))
      asked.on('error', reject)
      asked.on('response', (message) => resolve(responseOf(request, message)))
      if (request.body === null) asked.end()
      else Readable.fromWeb(request.body as never).pipe(asked)
    })
}

function responseOf(request: Request, message: IncomingMessage): Response {
  const { statusCode: status = 200, statusMessage: statusText = '', rawHeaders } = message
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!OF_CONNECTION.has(name.toLowerCase())) headers.append(name, rawHeaders[i + 1] as string)
  }
  const none = request.method === 'HEAD' || [204, 205, 304].includes(status)
  if (none) message.resume()
  return new Response(none ? null : (Readable.toWeb(message) as ReadableStream), { status, statusText, headers })
}
