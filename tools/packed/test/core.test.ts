import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ASK_TWICE, SECOND_WAS_A_HIT } from './support/ask-twice.js'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'
import { firstLines } from './support/pages.js'

describe('core alone', () => {
  const project = new EmptyProject('npm')
  beforeAll(() => project.install('@tiercel/cache-core'))
  afterAll(() => project.remove())

  it('brings lru-cache and structured-headers, and nothing else', () => {
    expect(project.installed()).toEqual(['@tiercel/cache-core', 'lru-cache', 'structured-headers'])
  })

  it('runs the first example of its README', async () => {
    const folder = inject('packed').find(({ name }) => name === '@tiercel/cache-core')?.folder ?? ''
    const [, example = ''] = /```js\n(.+?)```/s.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
    project.write('readme.mjs', example)
    const { code, stdout, stderr } = await project.run(process.execPath, ['readme.mjs'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toBe('')
  })

  it('works for an application in CommonJS', async () => {
    project.write(
      'app.cjs',
      `const { createCache, memoryStore } = require('@tiercel/cache-core')
       const cache = createCache({ store: memoryStore() })
       cache.getOrSet('key', () => 'loaded').then((value) => { console.log(value); return cache.close() })`,
    )
    expect(await project.run(process.execPath, ['app.cjs'])).toMatchObject({ code: 0, stdout: 'loaded\n' })
  })

  it('caches responses of node:http without any framework', async () => {
    project.write('server.mjs', `${firstLines('node').replace('3000', '0')}${ASK_TWICE}`)
    expect(await project.run(process.execPath, ['server.mjs'])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it('brings the test aids', async () => {
    project.write(
      'testing.mjs',
      `import { createCache, memoryStore } from '@tiercel/cache-core'
       import { FakeClock, faultyStore } from '@tiercel/cache-core/testing'

       const clock = new FakeClock()
       const cache = createCache({ store: faultyStore(memoryStore({ clock })), clock, jitter: 0 })
       await cache.set('k', 'value', { ttl: '1h' })
       await clock.advance(3_600_000)
       console.log(await cache.get('k'))
       await cache.close()`,
    )
    expect(await project.run(process.execPath, ['testing.mjs'])).toMatchObject({ stdout: 'undefined\n', code: 0 })
  })

  it('caches what a handler of fetch answers, as its page shows', async () => {
    const lines = firstLines('fetch')
    project.write('fetch.mjs', lines)
    const promised = [...lines.matchAll(/\) \/\/ (.+)$/gm)].map(([, output]) => `${output}\n`)
    expect(promised).toHaveLength(3)
    const outcome = await project.run(process.execPath, ['fetch.mjs'])
    expect(outcome).toMatchObject({ code: 0, stdout: promised.join(''), stderr: '' })
  })

  it.each(RESOLUTIONS)('has types under moduleResolution %s, also of its subpaths', async (resolution) => {
    project.write(
      'app.ts',
      `import { createServer } from 'node:http'
       import { type Cache, createCache, memoryStore } from '@tiercel/cache-core'
       import { createHttpCache, type HttpCache } from '@tiercel/cache-core/http'
       import { httpCache as fetchHttpCache } from '@tiercel/cache-core/fetch'
       import { httpCache } from '@tiercel/cache-core/node'
       import { guardStore, type Store } from '@tiercel/cache-core/store'
       import { StoreErrors } from '@tiercel/cache-core/store-kit'
       import { FakeClock, faultyStore, nullStore } from '@tiercel/cache-core/testing'

       export const closed: Error = new StoreErrors('mine').closed()
       export const store: Store = guardStore(memoryStore({ maxEntries: 10 }))
       export const cache: Cache = createCache({ store })
       export const broken: Cache = createCache({ store: faultyStore(nullStore(), { errors: 1 }), clock: new FakeClock() })
       export const engine: HttpCache = createHttpCache(cache, { ttl: '1m' })
       const cached = httpCache(engine)
       createServer((req, res) => cached(req, res, () => res.end()))
       export const product: Promise<{ id: number }> = cache.getOrSet(['product', 1], ({ signal }) => ({ id: signal.aborted ? 0 : 1 }))
       export const GET = fetchHttpCache(engine)((request: Request, { params }: { params: { id: string } }) => new Response(request.url + params.id))
       // @ts-expect-error
       GET(new Request('http://localhost/'), { params: {} })
       // @ts-expect-error
       fetchHttpCache(engine)(() => 42)
       // @ts-expect-error
       createHttpCache(cache, { ttl: {} })
       // @ts-expect-error
       httpCache({}, { ttl: '1m' })`,
    )
    expect(await project.typeErrors('app.ts', resolution)).toEqual([])
  })
})
