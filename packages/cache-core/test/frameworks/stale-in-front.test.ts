import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { frameworks, newCache, onNode } from './support/apps.js'

/** Where the cache's own run does not come to the handler, or may not: then a client's run is in front. */
describe.each(frameworks)('%s: what is stale stands in for a failure in front of its client', (framework, start) => {
  const options = { ttl: '1s', staleIfError: '1m' } as const

  it.runIf(onNode(framework))('where a layer outside keeps the cache’s run away', async () => {
    const clock = new FakeClock()
    let status = 200
    const app = await start(
      (_req, res) => {
        res.statusCode = status
        res.write(`run ${app.runs()}`)
        res.end()
      },
      {
        cache: newCache({ clock }),
        options,
        outside: (req) => {
          if (req.headers['x-signed-in'] === undefined) req.url = '/login'
        },
      },
    )
    const get = (more = {}) => app.get('/', { 'X-Signed-In': 'yes', ...more })
    await get()
    await clock.advance(3_000)
    status = 503
    const reply = await get()
    expect([reply.status, reply.text(), reply.header('age')]).toEqual([200, 'run 1', '3'])
    expect(reply.cacheStatus()).toBe('fwd=stale; fwd-status=503; detail="the handler failed"')
    // And for the others until a lease is over, with another run for a part alone; then until the handler is well.
    expect([(await get({ Range: 'bytes=0-2' })).text(), (await get()).text(), app.runs()]).toEqual(['run', 'run 1', 3])
    await clock.advance(6_000)
    expect([(await get()).text(), app.runs()]).toEqual(['run 1', 4])
    await clock.advance(6_000)
    status = 200
    expect([(await get()).text(), (await get()).cacheStatus()]).toEqual(['run 5', 'hit; ttl=1'])
  })

  it('of a client with credentials, where what is stored is public', async () => {
    const clock = new FakeClock()
    const said = { 'Cache-Control': 'public, max-age=1, stale-if-error=60' }
    const app = await start(
      (req, res) => {
        const status = app.runs() === 1 || req.headers['x-well'] !== undefined ? 200 : 500
        res.writeHead(status, said).end(`for ${req.headers.authorization ?? 'anyone'}`)
      },
      { cache: newCache({ clock }) },
    )
    const signedIn = { Authorization: 'Bearer x' }
    expect((await app.get('/')).text()).toBe('for anyone')
    await clock.advance(3_000)
    expect((await app.get('/', { ...signedIn, 'X-Well': 'yes' })).text()).toBe('for Bearer x')
    expect((await app.get('/', signedIn)).text()).toBe('for anyone')
    await clock.advance(60_000)
    expect((await app.get('/', signedIn)).text()).toBe('for Bearer x')
  })

  it('not by the failure of a client with credentials, nor for one', async () => {
    const clock = new FakeClock()
    const said = { 'Cache-Control': 'public, max-age=1, stale-if-error=60' }
    const app = await start(
      (req, res) => void res.writeHead(req.headers['x-ill'] === undefined ? 200 : 500, said).end(`run ${app.runs()}`),
      {
        cache: newCache({ clock }),
        options: { profile: 'rfc9111' },
      },
    )
    const signedIn = { Authorization: 'Bearer x' }
    await app.get('/')
    await clock.advance(3_000)
    const ofOne = await app.get('/', { ...signedIn, 'X-Ill': 'yes' })
    expect([ofOne.text(), ofOne.cacheStatus()]).toEqual(['run 1', expect.stringContaining('fwd-status=500')])
    expect((await app.get('/', signedIn)).text()).toBe('run 3')
    await clock.advance(3_000)
    await app.get('/', { ...signedIn, 'X-Ill': 'yes' })
    expect((await app.get('/')).text()).toBe('run 5')
  })
})
