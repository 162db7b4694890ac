import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ASK_TWICE, SECOND_WAS_A_HIT } from './support/ask-twice.js'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'
import { firstLines } from './support/pages.js'

/** What a user of connect and its like writes: their page shows node:http first. */
const connectLines = (framework: string): string => `
  import ${framework} from '${framework}'
  import { createCache, memoryStore } from '@tiercel/cache-core'
  import { httpCache } from '@tiercel/cache-core/connect'
  const app = ${framework}()
  app.use(httpCache(createCache({ store: memoryStore() }), { ttl: '1m' }))`

/** Nest's page begins with its module; controllers and the platform are the application's. */
const nestApplication = (platform: string): string => `
  import { Controller, Get } from '@nestjs/common'
  import { NestFactory } from '@nestjs/core'
  import { ${platform}Adapter } from '@nestjs/platform-${platform.toLowerCase()}'
  ${firstLines('nest')}
  @Controller('api')
  class Api {
    @Get('items')
    items() {
      return 'made just now'
    }
  }
  @Module({ imports: [AppModule], controllers: [Api] })
  class Site {}
  const app = await NestFactory.create(Site, new ${platform}Adapter(), { logger: false })
  await app.listen(0)
  const server = app.getHttpServer()`

/** Each framework: the lines of its page, and after them what the user has had before, up to a `server` that listens. */
const APPLICATIONS: Readonly<Record<string, string>> = {
  connect: `${connectLines('connect')}
    app.use((req, res) => res.end('made just now'))
    const server = app.listen(0)`,
  polka: `${connectLines('polka')}
    app.get('/api/items', (req, res) => res.end('made just now'))
    const { server } = app.listen(0)
    if (server === undefined) throw new Error('polka does not listen')`,
  express: `${firstLines('express')}
    app.get('/api/items', (req, res) => void res.send('made just now'))
    const server = app.listen(0)`,
  fastify: `${firstLines('fastify')}
    app.get('/api/items', () => 'made just now')
    app.get('/short', { config: { cache: { ttl: '10s' } } }, () => 'made just now')
    app.get('/live', { config: { cache: false } }, () => 'made just now')
    await app.listen({ port: 0 })
    const { server } = app`,
  hono: `import { createAdaptorServer } from '@hono/node-server'
    ${firstLines('hono')}
    app.get('/api/items', (c) => c.text('made just now'))
    app.get('/items/:id', httpCache(createCache({ store: memoryStore() }), false), (c) => c.text(c.req.param('id')))
    const server = createAdaptorServer({ fetch: app.fetch }).listen(0)`,
  koa: `${firstLines('koa')}
    app.use((ctx) => { ctx.body = 'made just now' })
    const server = app.listen(0)`,
  nestOnExpress: nestApplication('Express'),
  nestOnFastify: nestApplication('Fastify'),
}

/** What TypeScript must refuse, beside each application. */
const REFUSED: Readonly<Record<string, string>> = {
  fastify: `
    // @ts-expect-error
    app.get('/wrong', { config: { cache: { ttl: {} } } }, () => 'made just now')`,
  nestOnExpress: `
    // @ts-expect-error
    HttpCacheModule.forRoot({ ttl: '1m' })`,
  nestOnFastify: '',
}
const REFUSED_BY_MIDDLEWARE = `
  const some = createCache({ store: memoryStore() })
  // @ts-expect-error
  httpCache(some, { ttl: {} })
  // @ts-expect-error
  httpCache({}, { ttl: '1m' })
  httpCache(some, false)`

/** Earlier versions that the pages name, under names of their own. */
const EARLIER = ['express4', 'fastify4']

const PACKAGES = [
  'connect',
  'express@5',
  'express4@npm:express@4',
  'fastify@5',
  'fastify4@npm:fastify@4',
  'hono@4',
  '@hono/node-server@2',
  'koa@3',
  '@nestjs/common@12',
  '@nestjs/core@12',
  '@nestjs/platform-express@12',
  '@nestjs/platform-fastify@12',
  'polka@0.5',
]
const BESIDE = [
  'reflect-metadata',
  'rxjs',
  '@types/connect',
  '@types/express@5',
  '@types/koa',
  '@types/node@20',
  '@types/polka',
]

describe('core and a framework', () => {
  const project = new EmptyProject()
  const names = Object.keys(APPLICATIONS)

  beforeAll(async () => {
    await project.install('@tiercel/cache-core', ...PACKAGES, ...BESIDE)
    for (const [name, application] of Object.entries(APPLICATIONS)) {
      project.write(`${name}.ts`, `${application}${REFUSED[name] ?? REFUSED_BY_MIDDLEWARE}\nexport { server }`)
      project.write(`${name}-twice.ts`, `${application}${ASK_TWICE}`)
    }
    for (const name of EARLIER) {
      const now = name.slice(0, -1)
      const application = APPLICATIONS[now]?.replace(`from '${now}'`, `from '${name}'`)
      project.write(`${name}-twice.ts`, `${application}${ASK_TWICE}`)
    }
    await project.compile([...names, ...EARLIER].map((name) => `${name}-twice.ts`))
  })
  afterAll(() => project.remove())

  it.each([...names, ...EARLIER])('%s: the lines of its page make a route a cached one', async (name) => {
    expect(await project.run(process.execPath, [`${name}-twice.js`])).toMatchObject(SECOND_WAS_A_HIT)
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    const files = names.map((name) => `${name}.ts`)
    expect(await project.typeErrors(files, resolution, { types: 'own' })).toEqual([])
  })

  it('what a framework lacks is said with its name', async () => {
    const alone = new EmptyProject()
    try {
      await alone.install('@tiercel/cache-core')
      alone.write('alone.mjs', `await import('@tiercel/cache-core/nest')`)
      const { code, stderr } = await alone.run(process.execPath, ['alone.mjs'])
      expect([code, stderr]).toEqual([1, expect.stringContaining("'@nestjs/common'")])
    } finally {
      alone.remove()
    }
  })
})
