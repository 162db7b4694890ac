import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmptyProject, RESOLUTIONS } from './support/empty-project.js'

const CACHE = `
  import { createCache, memoryStore } from '@tiercel/cache-core'
  const cache = createCache({ store: memoryStore() })`

/** Each entry point: how an application is made with it, up to a `server` that listens. */
const APPLICATIONS: Readonly<Record<string, string>> = {
  connect: `
    import { createServer } from 'node:http'
    import connect from 'connect'
    import { httpCache } from '@tiercel/cache-core/connect'
    const app = connect()
    app.use(httpCache(cache, { ttl: '1m' }))
    app.use((req, res) => res.end('body'))
    const server = createServer(app).listen(0)`,
  express: `
    import express from 'express'
    import { httpCache } from '@tiercel/cache-core/express'
    const app = express()
    app.use(httpCache(cache, { ttl: '1m' }))
    app.get('/', (req, res) => void res.send('body'))
    const server = app.listen(0)`,
  koa: `
    import Koa from 'koa'
    import { httpCache } from '@tiercel/cache-core/koa'
    const app = new Koa()
    app.use(httpCache(cache, { ttl: '1m' }))
    app.use((ctx) => { ctx.body = 'body' })
    const server = app.listen(0)`,
  nest: `
    import { Controller, Get } from '@nestjs/common'
    import { NestFactory } from '@nestjs/core'
    import { CachedResponse, HttpCacheModule } from '@tiercel/cache-core/nest'
    class Site { body() { return 'body' } }
    const descriptor = Object.getOwnPropertyDescriptor(Site.prototype, 'body')!
    Get()(Site.prototype, 'body', descriptor)
    CachedResponse({ ttl: '2m' })(Site.prototype, 'body', descriptor)
    Controller()(Site)
    class App {}
    const module = { module: App, imports: [HttpCacheModule.forRoot({ cache, ttl: '1m' })], controllers: [Site] }
    const app = await NestFactory.create(module, { logger: false })
    await app.listen(0)
    const server = app.getHttpServer()`,
}

const ASK_TWICE = `
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  const url = \`http://127.0.0.1:\${server.address().port}/\`
  await (await fetch(url)).text()
  const second = await fetch(url)
  console.log(second.headers.get('cache-status'), await second.text())
  await cache.close()
  server.close()
  server.closeAllConnections()`

const FRAMEWORKS = [
  'connect',
  'express@5',
  'koa@3',
  '@nestjs/common@12',
  '@nestjs/core@12',
  '@nestjs/platform-express@12',
]
const BESIDE = ['reflect-metadata', 'rxjs', '@types/connect', '@types/express@5', '@types/koa', '@types/node@20']

describe('core and a framework', () => {
  const project = new EmptyProject()
  beforeAll(() => project.install('@tiercel/cache-core', ...FRAMEWORKS, ...BESIDE))
  afterAll(() => project.remove())

  it.each(Object.entries(APPLICATIONS))('%s: caches its responses', async (name, application) => {
    // Types are all that a script in JavaScript has not.
    project.write(`${name}.mjs`, `${CACHE}${application.replace("'body')!", "'body')")}${ASK_TWICE}`)
    const outcome = await project.run(process.execPath, [`${name}.mjs`])
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/; hit.* body\n$/), stderr: '' })
  })

  it.each(RESOLUTIONS)('have types under moduleResolution %s', async (resolution) => {
    const wrong = `
      // @ts-expect-error
      httpCache(cache, { ttl: {} })
      // @ts-expect-error
      httpCache({}, { ttl: '1m' })
      httpCache(cache, false)`
    for (const [name, application] of Object.entries(APPLICATIONS)) {
      const more = name === 'nest' ? '' : wrong
      project.write(`${name}.ts`, `${CACHE}${application}${more}\nexport { server }`)
      expect(await project.typeErrors(`${name}.ts`, resolution, { types: 'own' })).toEqual([])
    }
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
