import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { cityWrites } from '../src/routes/city-writes.js'
import { startApp } from './support.js'

const { app, cache, database } = startApp()
const NOTE = '/patterns/middleware/note'
const put = (headers: Record<string, string>, payload = 'text') =>
  app.inject({ method: 'PUT', url: NOTE, headers: { 'content-type': 'text/plain', ...headers }, payload })

describe('what other sites may do', () => {
  it.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000', '192.168.1.7'])('it answers as %s', async (host) => {
    expect((await app.inject({ url: '/healthz', headers: { host } })).statusCode).toBe(200)
  })

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:3000'])(
    'it does not answer as %s, which a site may let lead here',
    async (host) => {
      expect((await app.inject({ url: '/healthz', headers: { host } })).statusCode).toBe(421)
    },
  )

  it.each([{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])(
    'a note is not written by a page with %j',
    async (headers) => {
      expect((await put({ host: 'localhost:3000', ...headers } as Record<string, string>)).statusCode).toBe(403)
    },
  )

  it.each([{}, { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }])(
    'it is written by the demo’s own page and by no page: %j',
    async (headers) => {
      expect((await put({ host: 'localhost:3000', ...headers } as Record<string, string>)).statusCode).toBe(204)
    },
  )

  it('a note does not grow without end', async () => {
    expect((await put({}, 'x'.repeat(10_001))).statusCode).toBe(400)
    expect((await put({}, 'x'.repeat(9_999))).statusCode).toBe(204)
    const append = (payload: string) =>
      app.inject({ method: 'POST', url: NOTE, headers: { 'content-type': 'text/plain' }, payload })
    expect((await append('x')).statusCode).toBe(204)
    expect((await append('x')).statusCode).toBe(400)
    expect((await app.inject({ url: NOTE })).body).toHaveLength(10_000)
  })

  it('nor do the cities: where as many are added as there may be, others are written still', async () => {
    const small = fastify().register(cityWrites, { database, cache, maxAdded: 1 })
    const city = { name: 'Utopia', country: 'UT', population: 7, lat: 1, lon: 1 }
    const write = async (id: number) =>
      (await small.inject({ method: 'PUT', url: `/cities/${id}`, payload: city })).statusCode
    const remove = async (id: number) => (await small.inject({ method: 'DELETE', url: `/cities/${id}` })).statusCode
    const [first, second] = [2_000_000_011, 2_000_000_012]
    expect([await write(first), await write(second), await write(first)]).toEqual([201, 400, 200])
    expect([await remove(first), await write(second), await remove(second)]).toEqual([204, 201, 204])
    await small.close()
  })

  it.each(['/', '/healthz', '/patterns/middleware/clock', '/no/such/page'])(
    'nobody frames %s, and no browser guesses its type, on a miss and on a hit',
    async (url) => {
      for (let time = 0; time < 2; time++) {
        const { headers } = await app.inject({ url })
        expect(headers['x-content-type-options']).toBe('nosniff')
        expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      }
    },
  )
})
