import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { gate, newCache } from './support/apps.js'
import { Agent, ask, open, read } from './support/client.js'
import { slowDeletes } from './support/slow-deletes.js'
import { twins } from './support/twins.js'

describe('what completes the answer to a write waits until the old response has gone', () => {
  const body = 'the whole body'

  it.each([
    ['end with the body', (res: ServerResponse) => res.end(body), ''],
    ['the head of a 204', (res: ServerResponse) => res.writeHead(204).end(), ''],
    [
      'the last piece of an announced length',
      (res: ServerResponse) => {
        res.setHeader('Content-Length', body.length)
        res.write(body.slice(0, 4))
        res.write(body.slice(4))
        // Its end may be late: the client has the whole already.
      },
      body.slice(0, 4),
    ],
    [
      'the end of a body of unknown length',
      (res: ServerResponse) => {
        res.write(body)
        res.end()
      },
      body,
    ],
  ])('%s', async (_name, write, early) => {
    const slow = slowDeletes()
    const cache = newCache({ store: slow.store, storeTimeout: { write: '5s' } })
    const app = await twins((layer) => (req, res) => layer(req, res, () => write(res)), { cache })
    const agent = new Agent({ keepAlive: true })
    const exchange = open(app.cached, '/', { method: 'PUT', agent })
    await expect.poll(slow.deletes).toBe(1)
    let received = ''
    let complete = false
    const receiving = exchange.then(async (message) => {
      message.on('data', (piece) => {
        received += piece
        complete = received === body
      })
      message.on('end', () => {
        complete = true
      })
    })
    await expect.poll(() => received).toBe(early)
    for (let i = 0; i < 5; i++) await turn()
    expect(complete).toBe(early === body)
    slow.let()
    await receiving
    await expect.poll(() => complete).toBe(true)
    expect(received).toBe(_name === 'the head of a 204' ? '' : body)
    agent.destroy()
  })

  it('of a store that is frozen for no longer than its deadline', async () => {
    const slow = slowDeletes()
    const cache = newCache({ store: slow.store, storeTimeout: { read: 50, write: 100 } })
    const app = await twins((layer) => (req, res) => layer(req, res, () => res.end('done')), { cache })
    const reply = await ask(app.cached, '/', { method: 'PUT' })
    expect([reply.text(), reply.complete]).toEqual(['done', true])
    slow.let()
  })

  it('an end that comes later than its head invalidates again, since what was read in between may be old', async () => {
    let version = 1
    const { opened, open: finish } = gate()
    const app = await twins((layer) => (req, res) => {
      layer(req, res, async () => {
        if (req.method === 'GET') return res.end(`version ${version}`)
        res.write('writing ')
        await opened
        version++
        return res.end('done')
      })
    })
    const writing = await open(app.cached, '/', { method: 'PUT' })
    expect((await ask(app.cached, '/')).text()).toBe('version 1')
    expect((await ask(app.cached, '/')).cacheStatus()).toContain('hit')
    finish()
    expect((await read(writing)).text()).toBe('writing done')
    expect((await ask(app.cached, '/')).text()).toBe('version 2')
  })
})
