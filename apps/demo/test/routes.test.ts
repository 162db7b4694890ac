import { describe, expect, it } from 'vitest'
import { BERLIN, startApp } from './support.js'

const { app, loadsDuring } = startApp()
const get = (url: string) => app.inject({ url })

describe('inputs', () => {
  it.each([
    ['/cities/near', "must have required property 'lat'"],
    ['/cities/near?lat=91&lon=0', 'querystring/lat must be <= 90'],
    ['/cities/near?lat=0&lon=-181', 'querystring/lon must be >= -180'],
    ['/cities/near?lat=north&lon=0', 'querystring/lat must be number'],
    ['/cities/near?lat=&lon=0', 'querystring/lat must be number'],
    ['/cities/near?lat=Infinity&lon=0', 'querystring/lat must be <= 90'],
    ['/cities/near?lat=0&lon=-1e999', 'querystring/lon must be >= -180'],
    ['/cities/near?lat=0&lat=1&lon=0', 'querystring/lat must be number'],
    ['/cities/near?lat=0&lon=0&limit=101', 'querystring/limit must be <= 100'],
    ['/cities/Berlin', 'params/id must be integer'],
    ['/cities/99999999999', 'params/id must be <= 2147483647'],
    ['/countries/DEU', 'params/code must match pattern'],
    ['/search', "must have required property 'q'"],
    ['/search?q=', 'querystring/q must NOT have fewer than 1 characters'],
    ['/search?q=%20%00', 'querystring/q must hold more than spaces'],
    ['/data', "must have required property 'key'"],
    ['/patterns/by-hand/x?ttl=soon', 'querystring/ttl must match pattern'],
  ])('%s is refused, and the answer says why', async (url, message) => {
    const method = url.includes('ttl=') ? 'PUT' : 'GET'
    const response = await app.inject({ url, method, ...(method === 'PUT' ? { payload: {} } : {}) })
    expect(response.statusCode).toBe(400)
    expect(response.json().message).toContain(message)
  })

  it.each([
    [{}, "must have required property 'name'"],
    [{ name: 'X', country: 'D', population: 1, lat: 0, lon: 0 }, 'body/country must match pattern'],
    [{ name: 'X', country: 'DE', population: -1, lat: 0, lon: 0 }, 'body/population must be >= 0'],
    [{ name: 'a\u0000b', country: 'DE', population: 1, lat: 0, lon: 0 }, 'body/name must match pattern'],
  ])('a city like %j is refused', async (payload, message) => {
    const response = await app.inject({ method: 'PUT', url: '/cities/1', payload })
    expect(response.statusCode).toBe(400)
    expect(response.json().message).toContain(message)
  })

  it('that nothing answers to are 404', async () => {
    expect((await get('/cities/1')).statusCode).toBe(404)
    expect((await get('/countries/ZZ')).statusCode).toBe(404)
    expect((await get('/nowhere')).statusCode).toBe(404)
  })
})

describe('every answer', () => {
  it('says what it cost', async () => {
    const timing = (await get('/uncached/search?q=berlin')).headers['server-timing']
    const [, database, total] = /^db;dur=([\d.]+), total;dur=([\d.]+)$/.exec(String(timing)) ?? []
    expect(Number(database)).toBeGreaterThan(1)
    expect(Number(total)).toBeGreaterThanOrEqual(Number(database))
  })

  it('is the same with the cache and without', async () => {
    for (const url of ['/cities/near?lat=1&lon=2', '/search?q=ulm', '/countries/fr', `/cities/${BERLIN}`]) {
      const expected = (await get(`/uncached${url}`)).json()
      expect((await get(url)).json()).toEqual(expected)
      expect((await get(url)).json()).toEqual(expected)
    }
  })
})

describe('a repeated question', () => {
  it.each([
    ['/cities/near?lat=10&lon=20&limit=3', 'near'],
    ['/search?q=lond', 'search'],
    ['/countries/it', 'country'],
    ['/cities/2988507', 'city'],
    ['/data?key=san', 'data'],
  ])('%s is loaded once', async (url, query) => {
    const loads = await loadsDuring(query, async () => {
      const answers = [await get(url), await get(url), await get(url)]
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
      // `/data` tells by its `source`, which differs.
      if (query !== 'data') expect(answers[2]?.body).toBe(answers[0]?.body)
    })
    expect(loads).toBe(1)
  })

  it('is loaded once for many callers at the same time', async () => {
    expect(
      await loadsDuring('near', () => Promise.all(Array.from({ length: 50 }, () => get('/cities/near?lat=3&lon=4')))),
    ).toBe(1)
    expect(
      await loadsDuring('country', () => Promise.all(Array.from({ length: 50 }, () => get('/countries/es')))),
    ).toBe(1)
  })

  it('is loaded each time without the cache', async () => {
    expect(
      await loadsDuring('country', async () => {
        await get('/uncached/countries/it')
        await get('/uncached/countries/it')
      }),
    ).toBe(2)
  })

  it('is told apart on Cache-Status', async () => {
    const url = '/cities/near?lat=-5&lon=5'
    expect((await get(url)).headers['cache-status']).toMatch(/fwd=uri-miss/)
    expect((await get(url)).headers['cache-status']).toMatch(/; hit/)
    expect((await get('/countries/pt')).headers['cache-status']).toBe('tiercel-data; fwd=miss')
    expect((await get('/countries/PT')).headers['cache-status']).toBe('tiercel-data; hit')
    expect((await get('/uncached/countries/pt')).headers).not.toHaveProperty('cache-status')
  })

  it('tells its own cost, not that of the load', async () => {
    const url = '/cities/near?lat=-6&lon=6'
    expect((await get(url)).headers['server-timing']).not.toMatch(/^db;dur=0\.0,/)
    expect((await get(url)).headers['server-timing']).toMatch(/^db;dur=0\.0,/)
  })
})

describe('a write', () => {
  const city = { name: 'Utopia', country: 'ut', population: 7, lat: 1, lon: 1 }

  it('creates, replaces and removes a city, and every reader sees it at once', async () => {
    const url = '/cities/2000000001'
    expect((await get(url)).statusCode).toBe(404)

    const created = await app.inject({ method: 'PUT', url, payload: city })
    expect(created.statusCode).toBe(201)
    expect((await get(url)).json()).toEqual({
      ...city,
      id: 2_000_000_001,
      country: 'UT',
      featureCode: 'PPL',
      adminCode: '',
    })
    expect((await get('/countries/UT')).json()).toMatchObject({ cities: 1, population: 7 })

    const replaced = await app.inject({ method: 'PUT', url, payload: { ...city, population: 8 } })
    expect(replaced.statusCode).toBe(200)
    expect((await get(url)).json().population).toBe(8)
    expect((await get('/countries/UT')).json().population).toBe(8)

    await app.inject({ method: 'PUT', url, payload: { ...city, country: 'UV' } })
    expect((await get('/countries/UT')).statusCode).toBe(404)
    expect((await get('/countries/UV')).statusCode).toBe(200)

    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204)
    expect((await get(url)).statusCode).toBe(404)
    expect((await get('/countries/UV')).statusCode).toBe(404)
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(404)
  })

  it('that is refused changes nothing', async () => {
    const before = (await get(`/cities/${BERLIN}`)).body
    await app.inject({ method: 'PUT', url: `/cities/${BERLIN}`, payload: { name: 'No city' } })
    expect((await get(`/cities/${BERLIN}`)).body).toBe(before)
  })
})

describe('the demo', () => {
  it('tells how it is', async () => {
    expect((await get('/healthz')).json()).toEqual({
      status: 'ok',
      cities: 135_233,
      store: { url: 'memory:', reachable: true },
    })
  })

  it('tells how often the database ran', async () => {
    const before = (await get('/stats')).json()
    await get('/uncached/search?q=rome')
    const after = (await get('/stats')).json()
    expect(after.loads.search).toBe((before.loads.search ?? 0) + 1)
    expect(after).toMatchObject({ pid: process.pid, cache: { hits: expect.any(Number) } })
  })

  it('has a start page with all that it names', async () => {
    const page = await get('/')
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    const named = [...page.body.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path as string)
    expect(named.length).toBeGreaterThan(5)
    for (const path of named) expect([path, (await get(path)).statusCode]).toEqual([path, 200])
  })

  it('serves the modules that its page imports', async () => {
    const imported = [...(await get('/page.js')).body.matchAll(/from '\.(\/[^']+)'/g)].map(([, path]) => path as string)
    expect(imported.length).toBe(3)
    for (const path of imported) expect((await get(path)).headers['content-type']).toMatch(/^text\/javascript/)
  })
})
