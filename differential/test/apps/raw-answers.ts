import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { exchangeOf } from '../support/application.js'
import { HANDLER } from '../support/exemptions.js'
import type { RawHandler } from './raw-handler.js'

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(40)
const BINARY = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))
const LARGE = Buffer.alloc(700_000, 'abcdefghijklmnopqrstuvwxyz')
/** More than the cache stores of one response. */
const TOO_LARGE_PIECES = 96
const PIECE = Buffer.alloc(65_536, 'p')

/** Heads, bodies, hints and statuses, and answers that break off. */
export const rawAnswers: Readonly<Record<string, RawHandler>> = {
  end: (_req, res) => res.end('ended at once'),
  empty: (_req, res) => res.end(),
  buffer: (_req, res) => res.end(Buffer.from('a buffer')),
  binary: (_req, res) => {
    res.setHeader('Content-Type', 'application/octet-stream')
    res.end(BINARY)
  },
  utf8: (_req, res) => {
    res.setHeader('Content-Type', 'text/plain; charset=utf-8')
    res.end('Grüße, 世界 🦅')
  },
  'latin1-body': (_req, res) => res.end('Gr\u00fc\u00dfe', 'latin1'),
  'latin1-field': (_req, res) => {
    res.setHeader('X-Name', 'Gr\u00fc\u00dfe')
    res.end('a field beyond ASCII')
  },
  'write-head-object': (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain', 'X-One': '1', Link: ['</a>; rel=a', '</b>; rel=b'] })
    res.end('head as an object')
  },
  'write-head-array': (_req, res) => {
    res.writeHead(200, ['Content-Type', 'text/plain', 'Link', '</a>; rel=a', 'Link', '</b>; rel=b', 'X-Two', '2'])
    res.end('head as a list')
  },
  'write-head-reason': (_req, res) => {
    res.writeHead(200, 'Quite Fine', { 'Content-Type': 'text/plain' })
    res.end('a reason phrase')
  },
  'write-head-over-set': (_req, res) => {
    res.setHeader('X-One', 'set')
    res.setHeader('X-Two', 'set')
    res.writeHead(200, { 'X-One': 'written' })
    res.end('one of two')
  },
  'write-head-chained': (_req, res) => res.writeHead(200, { 'Content-Length': 7 }).end('chained'),
  'status-message': (_req, res) => {
    res.statusCode = 203
    res.statusMessage = 'Second Hand'
    res.end('from elsewhere')
  },
  'set-and-removed': (_req, res) => {
    res.setHeader('X-Gone', 'soon')
    res.setHeader('X-Stays', 'yes')
    res.removeHeader('X-Gone')
    res.end('one is gone')
  },
  'append-header': (_req, res) => {
    res.appendHeader('X-List', 'a')
    res.appendHeader('X-List', 'b')
    res.appendHeader('Link', ['</c>; rel=c', '</d>; rel=d'])
    res.end('appended')
  },
  'set-headers': (_req, res) => {
    res.setHeaders(
      new Map([
        ['x-from-map', 'yes'],
        ['X-Case', 'Kept'],
      ]),
    )
    res.end('a map of fields')
  },
  'several-cookies': (_req, res) => {
    res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/; HttpOnly'])
    res.end('two cookies')
  },
  'several-links': (_req, res) => {
    res.setHeader('Link', ['</style.css>; rel=preload; as=style', '</next>; rel=next'])
    res.end('two links')
  },
  'explicit-length': (_req, res) => {
    res.setHeader('Content-Length', '11')
    res.write('hello ')
    res.end('world')
  },
  chunks: (_req, res) => {
    for (const piece of ['one ', 'two ', 'three ']) res.write(piece)
    res.end('end')
  },
  'slow-chunks': async (_req, res) => {
    for (const piece of ['one ', 'two ', 'three ']) {
      res.write(piece)
      await turn()
    }
    res.end('end')
  },
  'write-callbacks': (req, res, site) => {
    res.write('a', () => site.note(req, `${HANDLER}a written`))
    res.write(Buffer.from('b'), () => site.note(req, `${HANDLER}b written`))
    res.end('c', () => site.note(req, `${HANDLER}ended`))
  },
  encodings: (_req, res) => {
    res.write('YWJj', 'base64')
    res.write('646566', 'hex')
    res.end('ghi', 'ascii')
  },
  corked: async (_req, res) => {
    res.cork()
    res.write('in ')
    res.write('one ')
    res.uncork()
    await turn()
    res.end('go')
  },
  'flush-headers': async (_req, res) => {
    res.setHeader('X-Early', 'yes')
    res.flushHeaders()
    await turn()
    res.end('after the head')
  },
  'flush-and-waits-for-reader': async (req, res, { signals }) => {
    res.flushHeaders()
    await signals.said(exchangeOf(req), 'head seen')
    res.end('the client has the head')
  },
  'waits-for-reader': async (req, res, { signals }) => {
    res.write('first')
    await signals.said(exchangeOf(req), 'body seen')
    res.end(', second')
  },
  pipe: (_req, res) => Readable.from([TEXT, TEXT]).pipe(res),
  pipeline: (_req, res) => pipeline(Readable.from([Buffer.from('piped '), Buffer.from('in a line')]), res),
  large: (_req, res) => {
    res.setHeader('Content-Type', 'application/octet-stream')
    res.end(LARGE)
  },
  'large-pipe': (_req, res) =>
    pipeline(
      Readable.from(
        (function* () {
          for (let at = 0; at < LARGE.length; at += PIECE.length) yield LARGE.subarray(at, at + PIECE.length)
        })(),
      ),
      res,
    ),
  'too-large': async (_req, res) => {
    for (let piece = 0; piece < TOO_LARGE_PIECES; piece++) if (!res.write(PIECE)) await once(res, 'drain')
    res.end()
  },
  'held-up': async (req, res, site) => {
    // On a hit no handler would be held up.
    res.setHeader('Cache-Control', 'no-store')
    for (let pieces = 0; res.write(PIECE) && pieces < TOO_LARGE_PIECES; pieces++);
    if (!res.writableNeedDrain) return res.end()
    site.signals.say(exchangeOf(req), 'held up')
    site.note(req, `${HANDLER}needs drain: ${res.writableNeedDrain}`)
    await once(res, 'drain')
    site.note(req, `${HANDLER}drained, needs drain: ${res.writableNeedDrain}`)
    return res.end('the last piece')
  },
  'breaks-off': async (req, res, { signals }) => {
    res.write('the beginning')
    await signals.said(exchangeOf(req), 'body seen')
    res.destroy()
  },
  'breaks-off-with-error': async (req, res, { signals }) => {
    res.on('error', () => {})
    res.setHeader('Content-Length', '100')
    res.write('the beginning')
    await signals.said(exchangeOf(req), 'body seen')
    res.destroy(new Error('midway'))
  },
  'destroys-before-head': (_req, res) => res.destroy(),
  'stream-fails': async (req, res, { signals }) => {
    const source = Readable.from(
      (async function* () {
        yield 'a good part'
        await signals.said(exchangeOf(req), 'body seen')
        throw new Error('the source failed')
      })(),
    )
    await pipeline(source, res).catch(() => {})
  },
  trailers: (req, res) => {
    // Node refuses the field if the body is not chunked.
    if (req.httpVersion === '1.1' && req.method !== 'HEAD') res.setHeader('Trailer', 'X-Sum, X-Count')
    res.write('a body with ')
    res.addTrailers({ 'X-Sum': 'abc', 'X-Count': '2' })
    res.end('trailers')
  },
  'early-hints': (_req, res) => {
    res.writeEarlyHints({ link: ['</style.css>; rel=preload; as=style', '</app.js>; rel=preload; as=script'] })
    res.end('after a hint')
  },
  'early-hints-in-time': async (req, res, { signals }) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    await signals.said(exchangeOf(req), 'hint seen')
    res.end('the hint came first')
  },
  processing: (_req, res) => {
    res.writeProcessing()
    res.end('processed')
  },
  'several-hints': (_req, res) => {
    res.writeEarlyHints({ link: '</one.css>; rel=preload; as=style' })
    res.writeProcessing()
    res.writeEarlyHints({ link: '</two.css>; rel=preload; as=style' })
    res.end('three before')
  },
  'no-content': (_req, res) => res.writeHead(204).end(),
  'no-content-with-fields': (_req, res) => {
    res.statusCode = 204
    res.setHeader('X-Why', 'nothing to say')
    res.end()
  },
  'reset-content': (_req, res) => res.writeHead(205).end(),
  'not-modified': (_req, res) => {
    res.writeHead(304, { ETag: '"v1"' })
    res.end()
  },
  partial: (_req, res) => {
    res.writeHead(206, { 'Content-Range': 'bytes 0-4/10', 'Content-Length': 5 })
    res.end('01234')
  },
  'own-date': (_req, res) => {
    res.setHeader('Date', 'Sun, 06 Nov 1994 08:49:37 GMT')
    res.setHeader('Cache-Control', 'max-age=1000000000')
    res.end('from the past')
  },
  'no-date': (_req, res) => {
    res.sendDate = false
    res.end('no date')
  },
  'closes-connection': (_req, res) => {
    res.setHeader('Connection', 'close')
    res.end('good bye')
  },
  'should-not-keep-alive': (_req, res) => {
    res.shouldKeepAlive = false
    res.end('good bye as well')
  },
  'no-chunks': (_req, res) => {
    res.useChunkedEncodingByDefault = false
    res.write('until the ')
    res.end('end')
  },
}
