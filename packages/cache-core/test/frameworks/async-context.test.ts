import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { sleep } from './support/apps.js'
import { ask } from './support/client.js'
import { twins } from './support/twins.js'

describe('a handler runs in the async context of its own request', () => {
  it('first or waiting, reading or writing', async () => {
    const context = new AsyncLocalStorage<string>()
    let runs = 0
    const app = await twins((layer) => (req, res) => {
      context.run(String(req.headers['x-id']), () => {
        layer(req, res, async () => {
          const dies = req.url === '/dies' && runs++ === 0
          await sleep(20)
          res.setHeader('X-Id', `${context.getStore()} ${req.headers['x-id']}`)
          if (dies) res.destroy()
          else res.end('x')
        })
      })
    })
    const get = (path: string, id: string, method = 'GET') =>
      ask(app.cached, path, { method, headers: { 'X-Id': id } }).then(
        (reply) => reply.header('x-id'),
        () => 'died',
      )
    expect(await Promise.all([get('/a', '1'), get('/b', '2'), get('/c', '3', 'POST')])).toEqual(['1 1', '2 2', '3 3'])
    const answers = await Promise.all([get('/dies', '1'), get('/dies', '2'), get('/dies', '3')])
    for (const answer of answers.filter((text) => text !== 'died')) expect(answer).toMatch(/^(\d) \1$/)
    expect(answers.filter((text) => text === 'died')).toHaveLength(1)
  })
})
