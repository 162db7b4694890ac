import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache, memoryStore } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { setUp } from '../support/set-up.js'

afterEach(() => {
  vi.useRealTimers()
})

it("fake timers of a test runner take effect on lifetimes, on the system's clock", async () => {
  const cache = createCache({ store: memoryStore(), jitter: 0 })
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  await cache.set('k', 1, { ttl: '1m' })
  vi.advanceTimersByTime(59_999)
  expect(await cache.get('k')).toBe(1)
  vi.advanceTimersByTime(1)
  expect(await cache.get('k')).toBeUndefined()
})

it('a wall clock that is set back prolongs nothing in the memory store', async () => {
  const clock = new FakeClock()
  const cache = createCache({ store: memoryStore({ clock }), clock, jitter: 0 })
  await cache.set('k', 1, { ttl: '1s' })
  clock.setWall(clock.now() - 3_600_000)
  expect(await cache.ttl('k')).toBe(1_000)
  await clock.advance(1_000)
  expect(await cache.get('k')).toBeUndefined()
})

it('one signal in many calls warns of no leak, and ends all of them', async () => {
  const warnings: unknown[] = []
  const onWarning = (warning: unknown): void => void warnings.push(warning)
  process.on('warning', onWarning)
  const { cache } = setUp()
  const controller = new AbortController()
  const calls = Array.from({ length: 30 }, (_, index) =>
    cache.getOrSet(`k${index}`, () => new Promise(() => {}), { signal: controller.signal }),
  )
  controller.abort(new Error('gone'))
  const results = await Promise.allSettled(calls)
  expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  process.removeListener('warning', onWarning)
  expect(warnings).toEqual([])
})

describe('a process', () => {
  async function outputOf(script: string): Promise<string> {
    const path = fileURLToPath(new URL(`../support/${script}`, import.meta.url))
    const node = ['--import', 'tsx', '--conditions=@tiercel/source', path]
    return (await promisify(execFile)(process.execPath, node, { timeout: 50_000 })).stdout
  }

  it('does not end while somebody waits for an answer that is on its way', async () => {
    expect(await outputOf('awaited-answer.ts')).toBe('old\n')
  })

  it('pays for hooks on its promises only while a loader runs, and from Node 24 on never', async () => {
    const hooks = Number(process.versions.node.split('.')[0]) < 24
    expect(JSON.parse(await outputOf('promise-hooks.ts'))).toEqual({ before: false, during: hooks, after: false })
  })
})

/** Whose content, if it has any, nobody sees from outside. */
class Sealed {}

describe('a value that JSON would lose', () => {
  it.each([
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['an Error', new Error('e')],
    ['a RegExp', /x/],
    ['a Promise', Promise.resolve(1)],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a Response', new Response('x')],
    ['a Sealed at own', { own: new Sealed() }],
    ['a Map at users.0.roles', { users: [{ roles: new Map([['admin', true]]) }] }],
  ])('is refused: %s', async (named, value) => {
    const { cache } = setUp()
    await expect(cache.set('k', value)).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      message: expect.stringContaining(`JSON would lose what is in ${named}`),
    })
  })

  it('is told from one that has nothing to lose', async () => {
    const { cache } = setUp()
    const value = { plain: {}, none: Object.create(null), list: [{}], text: '{}', at: new Date(0) }
    await cache.set('k', value)
    expect(await cache.get('k')).toEqual({
      plain: {},
      none: {},
      list: [{}],
      text: '{}',
      at: '1970-01-01T00:00:00.000Z',
    })
  })
})

it('a cache that is made inside a request keeps nothing of it', async () => {
  const request = new AsyncLocalStorage<string>()
  const cache = request.run('first', () => createCache({ store: memoryStore() }))
  expect(await request.run('second', () => cache.getOrSet('k', () => request.getStore() ?? 'nobody’s'))).toBe(
    'nobody’s',
  )
})
