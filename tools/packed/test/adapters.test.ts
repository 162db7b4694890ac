import { randomUUID } from 'node:crypto'
import { type Engine, startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'

interface Adapter {
  readonly engine: Engine
  /** The one package that talks to the engine. */
  readonly driver: string
  /** Begin of the names that the adapter exports. */
  readonly type: string
  /** Types of the driver's own that do not pass a strict check, by what stands before each error. */
  readonly brokenTypes?: string
}

const ADAPTERS: readonly Adapter[] = [
  { engine: 'redis', driver: 'ioredis', type: 'Redis' },
  { engine: 'memcached', driver: 'memjs', type: 'Memcached' },
  { engine: 'couchbase', driver: 'couchbase', type: 'Couchbase', brokenTypes: 'node_modules/couchbase/dist/' },
  { engine: 'hazelcast', driver: 'hazelcast-client', type: 'Hazelcast' },
]
const DRIVERS = ADAPTERS.map(({ driver }) => driver)

describe.each(ADAPTERS)('core and the $engine adapter alone', ({ engine, driver, type, brokenTypes }) => {
  const name = `@tiercel/cache-${engine}`
  const project = new EmptyProject(engine === 'redis' ? 'npm' : 'pnpm')

  beforeAll(() => project.install('@tiercel/cache-core', name))
  afterAll(() => project.remove())

  it('bring one driver, and nothing of ours beside themselves', () => {
    const installed = project.installed()
    expect(installed.filter((one) => DRIVERS.includes(one))).toEqual([driver])
    expect(installed.filter((one) => one.startsWith('@tiercel/'))).toEqual(['@tiercel/cache-core', name].sort())
    expect(installed.filter((one) => ['fastify', 'typescript', 'vitest', 'tsx', '@types/node'].includes(one))).toEqual(
      [],
    )
  })

  describe('with a server', async () => {
    const server = await startServer(engine)
    afterAll(() => server?.stop())

    it.skipIf(server === undefined)('store, answer and load once, and let the process end after close', async () => {
      project.write('app.mjs', application(name, engine))
      const { code, stdout, stderr } = await project.run(process.execPath, ['app.mjs'], {
        STORE_URL: server?.url ?? '',
        STORE_PREFIX: `packed-${randomUUID()}`,
      })
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toEqual({ got: { id: 42 }, first: 'loaded 1', second: 'loaded 1', loads: 1 })
      expect(code).toBe(0)
    })
  })

  it('work for an application in CommonJS', async () => {
    project.write(
      'app.cjs',
      `const { createCache } = require('@tiercel/cache-core')
       const { ${engine}Store } = require('${name}')
       console.log(typeof createCache, typeof ${engine}Store)`,
    )
    expect(await project.run(process.execPath, ['app.cjs'])).toMatchObject({ code: 0, stdout: 'function function\n' })
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    project.write('app.ts', typedApplication(name, engine, type))
    const errors = await project.typeErrors('app.ts', resolution)
    expect(errors.filter((error) => brokenTypes === undefined || !error.startsWith(brokenTypes))).toEqual([])
    // When the driver's types are right one day, its README need not ask for skipLibCheck any more.
    expect(errors.length > 0).toBe(brokenTypes !== undefined)
  })
})

/** Waits for the store: some drivers connect in the background and refuse what comes before. */
function application(name: string, engine: Engine): string {
  return `
    import { setTimeout } from 'node:timers/promises'
    import { createCache } from '@tiercel/cache-core'
    import { ${engine}Store } from '${name}'

    const { STORE_URL: url, STORE_PREFIX: prefix } = process.env
    const cache = createCache({ store: ${engine}Store({ url, prefix }), storeTimeout: '5s' })
    while (!(await cache.set(['city', 42], { id: 42 }))) await setTimeout(50)

    let loads = 0
    const load = () => \`loaded \${++loads}\`
    const got = await cache.get(['city', 42])
    const first = await cache.getOrSet('loaded', load)
    const second = await cache.getOrSet('loaded', load)
    console.log(JSON.stringify({ got, first, second, loads }))
    await cache.close()
  `
}

/** The last line fails when an import has come out as \`any\`. */
function typedApplication(name: string, engine: Engine, type: string): string {
  return `
    import { type Cache, createCache } from '@tiercel/cache-core'
    import { ${engine}Store, type ${type}Store, type ${type}StoreOptions } from '${name}'

    export const options: ${type}StoreOptions = { url: 'any://host' }
    export const store: ${type}Store = ${engine}Store(options)
    export const cache: Cache = createCache({ store })
    // @ts-expect-error
    ${engine}Store({ url: 42 })
  `
}
