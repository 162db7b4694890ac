import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { frameworks, gate, newCache, onNode, sleep } from './support/apps.js'
import { open } from './support/client.js'
import { sendRaw } from './support/raw-client.js'

/** Who waits for what is never answered waits until the test has failed. */
const WAITS_FOR_EVER = { hardTimeout: '1h' } as const

/** Handlers and clients that fail. */
describe.each(frameworks)('%s: faults', (framework, start) => {
  it.each([
    ['res.destroy', (res: ServerResponse) => res.destroy()],
    ['its socket', (res: ServerResponse) => res.socket?.destroy()],
    [
      'a failing pipeline',
      (res: ServerResponse) =>
        pipeline(
          Readable.from(
            (async function* () {
              yield 'half'
              await sleep(5)
              throw new Error('source died')
            })(),
          ),
          res,
        ).catch(() => {}),
    ],
  ])('a handler that dies midway by %s leaves nothing behind', async (_name, die) => {
    let broken = true
    const app = await start(
      async (_req, res) => {
        res.write('half')
        await sleep(10)
        if (broken) await die(res)
        else res.end(' whole')
      },
      { cache: newCache({ lease: '1h' }), options: WAITS_FOR_EVER },
    )
    const first = await app.get('/')
    // A server of fetch that has sent nothing yet makes an error page of it.
    expect(first.complete && first.status === 200).toBe(false)
    broken = false
    const second = await app.get('/')
    expect([second.text(), second.cacheStatus()]).toEqual(['half whole', 'fwd=uri-miss; stored'])
  })

  // Hono answers 500 for a handler that fails, and that nobody waits for.
  it.runIf(framework !== 'Hono')('those who waited for one that died run the handler once more, together', async () => {
    let run = 0
    const app = await start(async (_req, res) => {
      const broken = ++run === 1
      await sleep(30)
      if (broken) res.destroy()
      else res.end('whole')
    })
    const leader = app.get('/').catch(() => undefined)
    await expect.poll(app.runs).toBe(1)
    const followers = await Promise.all(Array.from({ length: 10 }, () => app.get('/')))
    await leader
    expect(new Set(followers.map((reply) => reply.text()))).toEqual(new Set(['whole']))
    expect(app.runs()).toBe(2)
  })

  it('a client that leaves before the response begins does not cost the others theirs', async () => {
    const { opened, open: finish } = gate()
    const cache = newCache()
    let gone = 0
    const app = await start(
      async (_req, res) => {
        await opened
        res.end('whole')
      },
      { cache, outside: (req) => void req.socket.once('close', () => gone++) },
    )
    const abort = new AbortController()
    const leaver = open(app.port, '/', { signal: abort.signal }).catch(() => undefined)
    await expect.poll(app.runs).toBe(1)
    const followers = [app.get('/'), app.get('/')]
    await expect.poll(() => cache.stats().misses).toBe(3)
    abort.abort()
    await leaver
    await expect.poll(() => gone).toBe(1)
    finish()
    expect((await Promise.all(followers)).map((reply) => reply.text())).toEqual(['whole', 'whole'])
    expect(app.runs()).toBe(1)
  })

  it('so does one that streams what nobody hears', async () => {
    const { opened, open: finish } = gate()
    let gone = 0
    const app = await start(
      async (_req, res) => {
        await opened
        Readable.from(Array.from({ length: 100 }, () => 'x'.repeat(10_000))).pipe(res)
      },
      { outside: (req) => void req.socket.once('close', () => gone++) },
    )
    const abort = new AbortController()
    const leaver = open(app.port, '/', { signal: abort.signal }).catch(() => undefined)
    await expect.poll(app.runs).toBe(1)
    const follower = app.get('/')
    abort.abort()
    await leaver
    await expect.poll(() => gone).toBe(1)
    finish()
    expect((await follower).body.length).toBe(1_000_000)
    expect(app.runs()).toBe(1)
  })

  it('a handler that stops because its client has gone is not waited for until hardTimeout', async () => {
    let run = 0
    const app = await start(
      (req, res) => {
        if (++run > 1) res.end('whole')
        else req.on('close', () => {})
      },
      { options: { ...WAITS_FOR_EVER, waitTimeout: 100 } },
    )
    const abort = new AbortController()
    const leaver = open(app.port, '/', { signal: abort.signal }).catch(() => undefined)
    await expect.poll(app.runs).toBe(1)
    abort.abort()
    await leaver
    await expect.poll(async () => (await app.get('/')).cacheStatus()).toBe('fwd=uri-miss; stored')
  })

  it('a client that leaves midway does not leave the others waiting for what nobody reads', async () => {
    let run = 0
    const app = await start(
      (_req, res) => {
        const pieces = ++run === 1 ? endless() : ['a whole ', 'body']
        Readable.from(pieces).pipe(res)
      },
      { options: { ...WAITS_FOR_EVER, maxBodyBytes: 1_000_000_000 } },
    )
    const leaver = await open(app.port, '/')
    const followers = [app.get('/'), app.get('/')]
    await sleep(30)
    leaver.destroy()
    expect((await Promise.all(followers)).map((reply) => reply.text())).toEqual(['a whole body', 'a whole body'])
  })

  // Nest runs handlers in a promise's turn, with and without a cache.
  it.runIf(onNode(framework) && !framework.startsWith('Nest'))(
    'a piece comes before the reset where an error handler resets the connection in the same turn',
    async () => {
      const app = await start((_req, res) => {
        res.write('first')
        Promise.reject(new Error('fails')).catch(() => res.destroy())
      })
      const received = await sendRaw(app.port, 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n').catch(String)
      expect(received).toContain('first')
      expect(received).toContain('fwd=uri-miss')
    },
  )

  it('a body that is not as long as its Content-Length is not stored', async () => {
    const app = await start((_req, res) => {
      res.setHeader('Content-Length', '10')
      res.end('short')
      res.socket?.destroySoon()
    })
    const first = await app.get('/')
    expect(first.complete && first.status === 200).toBe(false)
    await app.get('/')
    expect(app.runs()).toBe(2)
  })

  it.runIf(onNode(framework))(
    'a head that Node refuses is the handler’s error, and what it sends instead is not stored as what it meant',
    async () => {
      const app = await start((_req, res) => {
        expect(() => res.end(42)).toThrow(TypeError)
        expect(() => res.writeHead(200, { 'X-Bad': 'a\nb' })).toThrow(/Invalid character/)
        expect(() => res.writeHead(42)).toThrow(RangeError)
        expect(() => res.writeHead(200, 'Grüße €')).toThrow(/Invalid character/)
        expect(res.headersSent).toBe(false)
        res.statusCode = 500
        res.end('error page')
      })
      for (let pass = 0; pass < 2; pass++) {
        const reply = await app.get('/')
        expect([reply.status, reply.text(), reply.cacheStatus()]).toEqual([
          500,
          'error page',
          `fwd=${pass === 0 ? 'uri-miss' : 'miss'}; detail="status 500 is not stored"`,
        ])
      }
    },
  )

  it('a second end and a late write change nothing that is stored', async () => {
    const app = await start((_req, res) => {
      res.on('error', () => {})
      res.end('once')
      res.end('twice')
      res.write('late', () => {})
    })
    expect((await app.get('/')).text()).toBe('once')
    expect((await app.get('/')).text()).toBe('once')
    expect(app.runs()).toBe(1)
  })

  it('a body over maxBodyBytes arrives whole, and requests for it do not queue', async () => {
    const piece = Buffer.alloc(1_000, 'x')
    const app = await start(
      async (_req, res) => {
        for (let index = 0; index < 20; index++) {
          res.write(piece)
          await sleep(1)
        }
        res.end()
      },
      { options: { maxBodyBytes: 5_000 } },
    )
    expect((await app.get('/')).body.length).toBe(20_000)
    const second = await app.get('/')
    expect(second.body.length).toBe(20_000)
    expect(second.cacheStatus()).toBe('fwd=miss; detail="response is larger than maxBodyBytes"')
  })

  it('an event stream goes out event by event, to each its own', async () => {
    const app = await start((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
    })
    for (const headers of [{ Accept: 'text/event-stream' }, {}, {}]) {
      const message = await open(app.port, '/', { headers })
      expect((await message.iterator().next()).value.toString()).toBe('data: 1\n\n')
    }
    expect(app.runs()).toBe(3)
  })

  it('callbacks of write and end come, and a full buffer is told of', async () => {
    const app = await start(async (_req, res) => {
      const big = Buffer.alloc(300_000)
      const wrote = new Promise((resolve) => res.write(big, resolve))
      expect(res.write(big)).toBe(false)
      await new Promise((resolve) => res.once('drain', resolve))
      await wrote
      await new Promise<void>((resolve) => res.end('end', resolve))
    })
    expect((await app.get('/')).body.length).toBe(600_003)
    expect((await app.get('/')).cacheStatus()).toContain('hit')
  })

  it.runIf(onNode(framework))(
    'layers that override the response’s methods, outside or inside, work on misses and hits',
    async () => {
      const wrap = (res: ServerResponse, mark: string): void => {
        const { end, writeHead } = res
        res.writeHead = ((...rest: Parameters<typeof writeHead>) => {
          res.setHeader(`X-${mark}`, 'wrapped')
          res.removeHeader('Content-Length')
          return writeHead.apply(res, rest)
        }) as typeof writeHead
        res.end = ((chunk: unknown, ...rest: unknown[]) => {
          const bytes = typeof chunk === 'function' || chunk === undefined ? undefined : Buffer.from(chunk as string)
          return (end as (...values: unknown[]) => ServerResponse).call(
            res,
            bytes && Buffer.concat([bytes, Buffer.from(mark)]),
            ...rest,
          )
        }) as typeof end
      }
      const app = await start(
        (_req, res) => {
          wrap(res, 'inside')
          res.setHeader('Link', ['</a>', '</b>'])
          res.end('body ')
        },
        { outside: (_req, res) => wrap(res, 'outside') },
      )
      for (let pass = 0; pass < 2; pass++) {
        const reply = await app.get('/')
        expect(reply.text()).toBe('body insideoutside')
        expect([reply.header('x-inside'), reply.header('x-outside')]).toEqual(['wrapped', 'wrapped'])
        expect(reply.lines('link')).toEqual(['</a>', '</b>'])
      }
      expect(app.runs()).toBe(1)
    },
  )

  it('pipelined requests are answered in their order, hits and misses', async () => {
    const app = await start(async (req, res) => {
      await sleep(req.url === '/slow' ? 40 : 0)
      res.end(req.url)
    })
    await app.get('/warm')
    const host = `Host: 127.0.0.1:${app.port}\r\n`
    const targets = ['/slow', '/warm', '/cold', '/slow']
    const socket = connect(app.port, '127.0.0.1')
    socket.write(
      targets.map((t, i) => `GET ${t} HTTP/1.1\r\n${host}${i === 3 ? 'Connection: close\r\n' : ''}\r\n`).join(''),
    )
    let received = ''
    for await (const piece of socket) received += piece
    expect([...received.matchAll(/\/(slow|warm|cold)/g)].map(([target]) => target)).toEqual(targets)
  })

  it.runIf(onNode(framework))(
    'an absolute target has the key of its origin form, and another host in it passes',
    async () => {
      const app = await start((req, res) => res.end(req.url))
      const host = `127.0.0.1:${app.port}`
      await app.get('/p')
      expect((await app.get(`http://${host}/p`)).cacheStatus()).toContain('hit')
      expect((await app.get('http://evil.example/p')).cacheStatus()).toContain('fwd=bypass')
    },
  )
})

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'x'.repeat(1_000)
    await sleep(2)
  }
}
