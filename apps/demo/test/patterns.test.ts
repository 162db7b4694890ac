import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { startApp } from './support.js'

const { app, loadsDuring } = startApp()
const get = (url: string) => app.inject({ url })

describe('a route', () => {
  it('runs its handler once', async () => {
    expect(
      await loadsDuring('world', async () => {
        expect((await get('/patterns/route')).json()).toMatchObject({ cities: 135_233 })
        expect((await get('/patterns/route')).json()).toMatchObject({ cities: 135_233 })
      }),
    ).toBe(1)
  })
})

describe('by hand', () => {
  const put = (url: string, value: unknown) =>
    app.inject({ method: 'PUT', url, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(value) })

  it.each([['text'], [''], [0], [false], [null], [{ a: [1, 'ü'] }]])('%j is set and read', async (value) => {
    expect((await put('/patterns/by-hand/value', value)).statusCode).toBe(204)
    expect((await get('/patterns/by-hand/value')).json()).toMatchObject({ found: true, value })
  })

  it('a value has the time that it was given', async () => {
    await put('/patterns/by-hand/timed?ttl=30s', 'x')
    const { msLeft } = (await get('/patterns/by-hand/timed')).json()
    expect(msLeft).toBeGreaterThan(20_000)
    expect(msLeft).toBeLessThanOrEqual(30_000)
  })

  it('a deleted value is gone', async () => {
    await put('/patterns/by-hand/gone', 'x')
    expect((await app.inject({ method: 'DELETE', url: '/patterns/by-hand/gone' })).statusCode).toBe(204)
    const response = await get('/patterns/by-hand/gone')
    expect([response.statusCode, response.json()]).toEqual([404, { found: false }])
  })
})

describe('a middleware', () => {
  it.each([
    ['world.json', 200, 'application/json; charset=utf-8'],
    ['world.html', 200, 'text/html; charset=utf-8'],
    ['map.png', 200, 'image/png'],
    ['created', 201, 'application/json; charset=utf-8'],
    ['missing', 404, 'application/json; charset=utf-8'],
    ['empty', 200, 'text/plain'],
  ])('keeps status, type and bytes of %s', async (name, status, type) => {
    const first = await get(`/patterns/middleware/${name}`)
    const second = await get(`/patterns/middleware/${name}`)
    for (const response of [first, second]) {
      expect([response.statusCode, response.headers['content-type']]).toEqual([status, type])
    }
    expect(second.headers['cache-status']).toMatch(/; hit/)
    expect(second.rawPayload.equals(first.rawPayload)).toBe(true)
    expect(second.headers.location).toBe(first.headers.location)
  })

  it('lets a write through and forgets its URI', async () => {
    const url = '/patterns/middleware/note'
    const headers = { 'content-type': 'text/plain' }
    await app.inject({ method: 'PUT', url, headers, payload: 'one' })
    expect((await get(url)).body).toBe('one')
    await app.inject({ method: 'PUT', url, headers, payload: 'two' })
    expect((await get(url)).body).toBe('two')
  })

  it('serves a map that is a whole picture', async () => {
    const png = (await get('/patterns/middleware/map.png')).rawPayload
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
    const dataLength = png.readUInt32BE(33)
    const rows = inflateSync(png.subarray(41, 41 + dataLength))
    expect([width, height]).toEqual([1440, 540])
    expect(rows.length).toBe(height * (width * 3 + 1))
  })
})

describe('cache-aside', () => {
  it('asks the database once, and says who answered', async () => {
    const [first, second] = [(await get('/data?key=york')).json(), (await get('/data?key=york')).json()]
    expect([first.source, second.source]).toEqual(['database', 'cache'])
    expect(second.data).toEqual(first.data)
  })

  it('keeps an answer of nothing, too', async () => {
    await get('/data?key=qqqq')
    expect((await get('/data?key=qqqq')).json()).toEqual({
      key: 'qqqq',
      source: 'cache',
      data: { cities: 0, countries: 0, population: 0, largest: null },
    })
  })

  it('never mixes keys up', async () => {
    await get('/data?key=a%3Ab')
    expect((await get('/data?key=a%253Ab')).json()).toMatchObject({ key: 'a%3Ab', source: 'database' })
  })
})
