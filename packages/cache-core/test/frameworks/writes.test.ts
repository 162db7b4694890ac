import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Agent, ask, open } from './support/client.js'
import { essence, type Twins, twins } from './support/twins.js'

/** What a handler sees and hears is written down here. */
type Log = (what: unknown) => void
type Write = (res: ServerResponse, log: Log, req: IncomingMessage) => unknown

const CODE = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

function attempt(log: Log, call: () => unknown): void {
  try {
    log(typeof call())
  } catch (error) {
    log(CODE(error))
  }
}

function state(res: ServerResponse): unknown {
  const { headersSent, writableEnded, finished: ended, statusCode, statusMessage, writableCorked } = res
  return { headersSent, writableEnded, ended, statusCode, statusMessage, writableCorked }
}

/** Writes of all kinds. What the handler hears is to be the same as without a cache, as is what the client gets. */
const WRITES: Readonly<Record<string, Write>> = {
  'end alone': (res) => res.end(),
  'end with a body': (res) => res.end('{"ok":true}'),
  'fields set, a reason, a body': (res) => {
    res.statusMessage = 'Very Well'
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    res.end('x')
  },
  'writeHead with an object': (res) => res.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'], Location: '/x' }).end('x'),
  'writeHead with a reason and a flat list, repeated lines': (res) =>
    res.writeHead(201, 'Made', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Length', '1']).end('x'),
  'writeHead with a list of pairs': (res) =>
    res
      .writeHead(200, [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as never)
      .end('x'),
  'writeHead over fields that are set': (res) => {
    res.setHeader('X-A', '1')
    res.setHeader('X-B', '1')
    res.writeHead(200, { 'x-a': '2' }).end()
  },
  'a head that Node refuses, then another': (res, log) => {
    attempt(log, () => res.writeHead(200, { 'X-First': '1', 'X-Bad': 'a\nb' }))
    attempt(log, () => res.writeHead(42))
    log(state(res))
    res.writeHead(500).end('sorry')
  },
  'two answers': (res, log) => {
    res.on('error', (error) => log(CODE(error)))
    res.setHeader('Content-Type', 'text/plain').end('one')
    log(state(res))
    attempt(log, () => res.setHeader('X', '1'))
    attempt(log, () => res.writeHead(200))
    attempt(log, () => res.write('late'))
    attempt(log, () => res.end('two'))
  },
  'an end that is asked for again': async (res, log) => {
    res.end('one', () => log('end'))
    await finished(res)
    res.end((error?: Error) => log(CODE(error)))
  },
  'the ends of write and end are told, in order': async (res, log) => {
    res.on('finish', () => log('finish')).on('close', () => log('close'))
    res.write('a', () => log('a'))
    await turn()
    res.write('b', () => log('b'))
    res.end('c', () => log('end'))
    await finished(res)
    log(['finished', res.writableFinished, res.writableLength])
  },
  'a body as long as was announced, by write': async (res, log) => {
    res.on('finish', () => log('finish'))
    res.setHeader('Content-Length', '4')
    log(res.write('ab'))
    log(res.write('cd', () => log('cd')))
    await turn()
    res.end(() => log('end'))
    log(state(res))
  },
  'a body of no length': (res) => res.setHeader('Content-Length', '0').end(),
  'a flushed head of a 204': (res, log) => {
    res.statusCode = 204
    res.flushHeaders()
    log(state(res))
    res.end(() => log('end'))
  },
  'a flushed head, a pause, a body': async (res, log) => {
    res.flushHeaders()
    await turn()
    log(state(res))
    res.end('done')
  },
  'more than fits, with back-pressure': async (res, log) => {
    const big = Buffer.alloc(2_000_000, 'x')
    log(res.write(big))
    await once(res, 'drain')
    log('drained')
    res.end(big, () => log('end'))
  },
  'one big piece of announced length': async (res, log) => {
    const big = Buffer.alloc(2_000_000, 'x')
    res.setHeader('Content-Length', big.length)
    if (!res.write(big)) await once(res, 'drain')
    log('drained')
    res.end()
  },
  'a pipeline': async (res, log) => {
    await pipeline(Readable.from(['one ', 'two']), res)
    log('done')
  },
  'corked writes': (res, log) => {
    res.cork()
    res.write('a')
    res.write('b')
    log(state(res))
    process.nextTick(() => {
      res.uncork()
      res.end('c')
    })
  },
  trailers: (res) => {
    res.writeHead(200, { Trailer: 'X-Sum' })
    res.write('x')
    res.addTrailers({ 'X-Sum': '1' })
    res.end()
  },
  'early hints and processing': (res) => {
    res.writeProcessing()
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    res.end('x')
  },
  'an upload that is read to its end': async (res, log, req) => {
    let bytes = 0
    for await (const piece of req) bytes += (piece as Buffer).length
    log(bytes)
    res.end(String(bytes))
  },
  'an upload that nobody reads': (res) => res.end('no, thanks'),
  'a redirect': (res) => res.writeHead(303, { Location: '/' }).end(),
  'a refusal': (res) => res.writeHead(422).end('no'),
  'a Cache-Status of its own': (res) => res.setHeader('Cache-Status', 'inner; hit').end('x'),
}

/** The two with a log each, and what was written into them. */
async function withLogs(write: Write): Promise<{ app: Twins; logs: Record<'plain' | 'cached', unknown[]> }> {
  const logs = { plain: [] as unknown[], cached: [] as unknown[] }
  const app = await twins((layer, which) => (req, res) => {
    layer(req, res, () => write(res, (what) => void logs[which].push(what), req))
  })
  return { app, logs }
}

describe('a write behaves as if there were no cache', () => {
  it.each(Object.entries(WRITES))('%s', async (_name, write) => {
    const { app, logs } = await withLogs(write)
    const agent = new Agent({ keepAlive: true })
    for (const method of ['POST', 'PUT']) {
      const { plain, cached } = await app.ask('/', { method, agent, body: 'some content' })
      expect(essence(cached)).toEqual(essence(plain))
      expect(cached.complete).toBe(true)
    }
    agent.destroy()
    await expect.poll(() => logs.cached).toEqual(logs.plain)
  })

  it('says in Cache-Status that the cache heard of it, behind what others said', async () => {
    const { app } = await withLogs(WRITES['a Cache-Status of its own'] as Write)
    const { cached } = await app.ask('/', { method: 'POST' })
    expect(cached.lines('cache-status')).toEqual(['inner; hit', 'tiercel; fwd=method'])
  })

  it('a client that leaves is heard of at once, and the process lives', async () => {
    const { app, logs } = await withLogs(async (res, log) => {
      res.on('close', () => log(['close', res.writableFinished])).on('finish', () => log('finish'))
      res.write('part')
      await once(res, 'close')
      res.end('rest', () => log('end'))
    })
    for (const port of [app.plain, app.cached]) (await open(port, '/', { method: 'POST' })).destroy()
    await expect.poll(() => logs.plain.length).toBeGreaterThan(0)
    await expect.poll(() => logs.cached).toEqual(logs.plain)
  })

  it('res.destroy cuts it off', async () => {
    const { app } = await withLogs((res) => {
      res.write('part')
      setImmediate(() => res.destroy())
    })
    for (const port of [app.plain, app.cached]) expect((await ask(port, '/', { method: 'PUT' })).complete).toBe(false)
  })

  it('a client that asks before it sends is told to go on', async () => {
    const { app } = await withLogs(WRITES['an upload that is read to its end'] as Write)
    for (const port of [app.plain, app.cached]) {
      const answer = await speak(
        port,
        'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n',
        'ab',
      )
      expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n.*2$/s)
    }
  })

  it('pipelined writes and reads are answered in their order', async () => {
    const app = await twins((layer) => (req, res) => {
      layer(req, res, () => void setTimeout(() => res.end(`${req.method} ${req.url};`), req.url === '/slow' ? 20 : 0))
    })
    const requests = ['POST /slow', 'GET /a', 'PUT /b', 'GET /a', 'POST /c']
    const lines = requests.map((line, i) => `${line} HTTP/1.1\r\nHost: h\r\n${i === 4 ? 'Connection: close\r\n' : ''}`)
    for (const port of [app.plain, app.cached]) {
      const answers = await speak(port, lines.join('\r\n'), '')
      expect([...answers.matchAll(/(\w+ \/\w+);/g)].map(([, line]) => line)).toEqual(requests)
    }
  })
})

/** Sends this as it is and reads until the server closes. */
async function speak(port: number, head: string, body: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${head}${/Connection: close/.test(head) ? '' : 'Connection: close\r\n'}\r\n${body}`)
  let received = ''
  for await (const piece of socket) received += piece
  return received
}
