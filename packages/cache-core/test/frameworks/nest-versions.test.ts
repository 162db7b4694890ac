import { Controller, Get, type INestApplication, type VersioningOptions, VersioningType } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { describe, expect, it } from 'vitest'
import { HttpCacheModule } from '../../src/frameworks/nest.js'
import { later, newCache } from './support/apps.js'
import { ask } from './support/client.js'
import { portOf } from './support/running-app.js'

/** Controllers of two versions, of one name, at one path. */
function controllerOf(version: string): new () => object {
  class ItemsController {
    all(): string {
      return `version ${version}`
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(ItemsController.prototype, 'all') as PropertyDescriptor
  Get()(ItemsController.prototype, 'all', descriptor)
  Controller({ path: 'items', version })(ItemsController)
  return ItemsController
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter({ forceCloseConnections: true })],
])('Nest on %s', (_, newAdapter) => {
  it.each<readonly [string, VersioningOptions, (version: string) => Record<string, string>]>([
    ['a header', { type: VersioningType.HEADER, header: 'X-Version' }, (version) => ({ 'X-Version': version })],
    [
      'the media type',
      { type: VersioningType.MEDIA_TYPE, key: 'v=' },
      (version) => ({ Accept: `text/plain;v=${version}` }),
    ],
    [
      'whatever it derives from',
      { type: VersioningType.CUSTOM, extractor: (request) => (request as { headers: { from: string } }).headers.from },
      (version) => ({ From: version }),
    ],
  ])('each version has entries of its own, by %s', async (_name, versioning, headersOf) => {
    const module = {
      module: class {},
      imports: [HttpCacheModule.forRoot({ cache: newCache(), ttl: '1m' })],
      controllers: [controllerOf('1'), controllerOf('2')],
    }
    const app: INestApplication = await NestFactory.create(module, newAdapter(), { logger: false })
    app.enableVersioning(versioning)
    await app.listen(0, '127.0.0.1')
    later(() => app.close())
    const port = portOf(app.getHttpServer())
    for (const status of ['fwd', 'hit']) {
      for (const version of ['1', '2']) {
        const reply = await ask(port, '/items', { headers: headersOf(version) })
        expect([reply.text(), reply.cacheStatus().slice(0, 3)]).toEqual([`version ${version}`, status])
      }
    }
  })
})
