import { once } from 'node:events'
import { exchangeOf } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import { codeIn, type RawHandler } from './raw-handler.js'

/** Handlers that read their request, and handlers whose client leaves. */
export const rawRequests: Readonly<Record<string, RawHandler>> = {
  echo: async (req, res) => {
    const body: Buffer[] = []
    for await (const piece of req) body.push(piece as Buffer)
    res.setHeader('Content-Type', req.headers['content-type'] ?? 'text/plain')
    res.end(Buffer.concat([Buffer.from(`${req.method} `), ...body]))
  },
  'pipe-back': (req, res) => req.pipe(res),
  'ignores-body': (_req, res) => res.end('did not look'),
  'request-trailers': async (req, res) => {
    req.resume()
    if (!req.readableEnded) await once(req, 'end')
    res.end(JSON.stringify(req.trailers))
  },
  request: (req, res) => {
    const { 'x-exchange': _, ...headers } = req.headers
    res.end(
      JSON.stringify({
        method: req.method,
        url: req.url,
        version: req.httpVersion,
        host: headers.host,
        accept: headers.accept,
        agent: headers['user-agent'],
      }),
    )
  },
  'raw-request': (req, res) => {
    const at = req.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-list')
    res.end(JSON.stringify([req.rawHeaders.slice(at, at + 4), req.headersDistinct['x-list'], req.headers['x-list']]))
  },
  'waits-for-leaving': async (req, res, site) => {
    const id = exchangeOf(req)
    res.on('close', () => {
      site.note(req, `${HANDLER}close, finished: ${res.writableFinished}, destroyed: ${res.destroyed}`)
      // Otherwise the next client would wait for this run, as long as it may.
      res.end()
      site.signals.say(id, 'client gone')
    })
    res.setHeader('Cache-Control', 'no-store')
    site.signals.say(id, 'running')
  },
  'begins-and-waits-for-leaving': async (req, res, site) => {
    const id = exchangeOf(req)
    res.on('close', () => {
      site.note(req, `${HANDLER}close, finished: ${res.writableFinished}, destroyed: ${res.destroyed}`)
      // Otherwise the next client would wait for this run, as long as it may.
      res.end()
      site.signals.say(id, 'client gone')
    })
    res.setHeader('Cache-Control', 'no-store')
    res.write('a part')
    site.signals.say(id, 'running')
  },
  'writes-to-who-left': async (req, res, site) => {
    const id = exchangeOf(req)
    site.signals.say(id, 'running')
    await once(res, 'close')
    res.setHeader('Cache-Control', 'no-store')
    res.write('nobody reads it')
    res.end()
    site.note(req, `${HANDLER}wrote, destroyed: ${res.destroyed}`)
    site.signals.say(id, 'client gone')
  },
  'reads-half-a-request': async (req, _res, site) => {
    const id = exchangeOf(req)
    req.on('error', (error) => site.note(req, `${HANDLER}request: ${codeIn(error)}`))
    req.on('close', () => site.signals.say(id, 'client gone'))
    req.resume()
    site.signals.say(id, 'running')
  },
}
