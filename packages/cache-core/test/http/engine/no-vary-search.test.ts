import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import type { HttpCacheOptions } from '../../../src/http/rules/options.js'
import { setUp } from '../../support/set-up.js'
import { ask, HIT } from '../support/asking.js'

const FIELD = 'No-Vary-Search'

function newEngine(options: HttpCacheOptions = {}) {
  const { cache, another, clock } = setUp({ tagHold: 0 })
  const all: HttpCacheOptions = { ttl: '1m', noVarySearch: true, ...options }
  return { engine: createHttpCache(cache, all), other: createHttpCache(another().cache, all), clock }
}

describe.each<[string, HttpCacheOptions]>([
  ['safe', {}],
  ['rfc9111', { profile: 'rfc9111' }],
])('No-Vary-Search, profile %s', (_, options) => {
  it('makes one response of queries that differ in what does not count, for every process', async () => {
    const { engine, other } = newEngine(options)
    const headers = [FIELD, 'key-order, params=("utm")']
    await ask(engine, '/p?utm=1&id=1&a=2', { headers, body: 'one' })
    for (const target of ['/p?id=1&a=2', '/p?a=2&id=1&utm=5', '/p?utm&id=1&a=2&utm=9']) {
      expect(await ask(engine, target)).toMatchObject({ body: 'one', cacheStatus: HIT })
      expect(await ask(other, target)).toMatchObject({ body: 'one', cacheStatus: HIT })
    }
    for (const target of ['/p?id=2&a=2', '/p', '/q?id=1&a=2', '/P?id=1&a=2']) {
      expect(await ask(engine, target, { headers, body: target })).toMatchObject({ body: target })
    }
    expect(await ask(engine, '/p?utm=3')).toMatchObject({ body: '/p', cacheStatus: HIT })
  })

  it('counts for the responses that say so, and for no other one', async () => {
    const { engine } = newEngine(options)
    await ask(engine, '/p?id=1&utm=1', { body: 'none' })
    expect(await ask(engine, '/p?id=1&utm=2', { headers: [FIELD, 'params=("utm")'], body: 'said' })).toMatchObject({
      body: 'said',
    })
    // Some responses of this path vary on everything.
    expect((await ask(engine, '/p?id=1&utm=3', { body: 'third' })).body).toBe('third')
    expect((await ask(engine, '/p?id=1&utm=3')).cacheStatus).toEqual(HIT)
  })

  it.each([
    ['another spelling', '/p?utm=7&id=1'],
    ['one that was never asked for', '/p?utm=8&id=1&more=1'],
    ['the path alone', '/p'],
    ['other letters', '/P/?id=1'],
  ])('is forgotten by a purge of %s, in every process, and by a write', async (_, spelling) => {
    const { engine, other } = newEngine(options)
    const headers = [FIELD, 'params=("utm")']
    const fill = () => ask(engine, '/p?id=1&utm=1', { headers })
    const purge = () => other.purge(`http://example.com${spelling}`)
    for (const forget of [purge, () => other.purge(`http://example.com${spelling}`, { soft: true })]) {
      await fill()
      expect((await ask(engine, '/p?id=1')).cacheStatus).toEqual(HIT)
      await forget()
      expect((await ask(engine, '/p?id=1', { headers })).cacheStatus).not.toEqual(HIT)
    }
    await fill()
    await ask(other, spelling, { method: 'POST' })
    expect((await ask(engine, '/p?id=1', { headers })).cacheStatus).not.toEqual(HIT)
  })

  it('lets requests that are one wait for one run, once it is known', async () => {
    const { engine } = newEngine(options)
    const headers = [FIELD, 'params=("utm")']
    await ask(engine, '/p?id=0', { headers })
    let runs = 0
    const one = (target: string) => ask(engine, target, { headers, onRun: () => runs++ })
    await Promise.all([one('/p?id=1&utm=1'), one('/p?id=1&utm=2'), one('/p?id=1')])
    expect(runs).toBe(1)
  })
})

describe('No-Vary-Search', () => {
  it('says nothing where the route does not ask for it', async () => {
    const { engine } = newEngine({ noVarySearch: false })
    await ask(engine, '/p?a=1', { headers: [FIELD, 'params'] })
    expect((await ask(engine, '/p?a=2')).cacheStatus).not.toEqual(HIT)
  })

  it('goes together with what the route says of its query, and with Vary', async () => {
    const { engine } = newEngine({ ignoreQuery: ['ref'] })
    const headers = [FIELD, 'params=("utm")', 'Vary', 'X-A']
    await ask(engine, '/p?ref=1&utm=1&id=1', { headers, body: 'one' })
    expect(await ask(engine, '/p?id=1&ref=2&utm=2')).toMatchObject({ body: 'one', cacheStatus: HIT })
    expect((await ask(engine, '/p?id=1', { asked: ['X-A', '1'] })).cacheStatus).not.toEqual(HIT)
  })

  it.each([
    ['except=("")', '/p?=1&a=1', '/p?b=1&=1', '/p?=2'],
    ['params, except=("")', '/p?=1&a=1', '/p?b=1&=1', '/p?=2'],
    ['params=("")', '/p?=1&a=1', '/p?a=1&=2', '/p?a=2'],
    ['params=("a" "")', '/p?=1&a=1&b=1', '/p?b=1&=2', '/p?b=2'],
  ])('names a parameter without a name: %s', async (field, target, same, other) => {
    const { engine } = newEngine()
    await ask(engine, target, { headers: [FIELD, field], body: 'one' })
    expect(await ask(engine, same)).toMatchObject({ body: 'one', cacheStatus: HIT })
    expect((await ask(engine, other, { body: 'two' })).body).toBe('two')
  })

  it('that is another one on each response is as good as none', async () => {
    const { engine } = newEngine()
    for (let i = 0; i < 40; i++) await ask(engine, `/p?id=${i}`, { headers: [FIELD, `params=("a${i}")`] })
    expect((await ask(engine, '/p?id=39')).cacheStatus).toEqual(HIT)
    expect((await ask(engine, '/p?id=39&a39=1')).cacheStatus).not.toEqual(HIT)
  })
})
