import { Readable } from 'node:stream'
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  type INestApplication,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Put,
  Query,
  StreamableFile,
  type Type,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { map } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { CachedResponse, HttpCache, HttpCacheModule, type HttpCacheModuleOptions } from '../../src/frameworks/nest.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { later, newCache } from './support/apps.js'
import { type Asking, ask, type Reply } from './support/client.js'
import { portOf } from './support/running-app.js'

let runs = 0

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-key'] === 'right'
  }
}

class Envelope {
  intercept(_context: ExecutionContext, next: { handle(): ReturnType<typeof envelope> }) {
    return envelope(next.handle())
  }
}
const envelope = map((data: unknown) => ({ data }))

@Controller()
class Site {
  @Get('value')
  value(@Query('id') id: string): object {
    runs++
    return { id }
  }

  @Get('enveloped')
  @UseInterceptors(Envelope)
  enveloped(): object {
    return [1]
  }

  @Get('stream')
  @Header('Content-Type', 'text/plain')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from(['a', 'b']))
  }

  @Get('piped/:id')
  piped(@Param('id', ParseIntPipe) id: number): string {
    if (id === 0) throw new NotFoundException()
    return `number ${id}`
  }

  // As everybody writes it: the guard stands above, and runs first.
  @Get('guarded')
  @UseGuards(Guard)
  @CachedResponse({ ttl: '5m', headers: [] })
  guarded(): string {
    return 'secret'
  }

  @Get('off')
  @CachedResponse(false)
  off(): string {
    return 'off'
  }

  @Put('value')
  put(): string {
    return 'put'
  }

  @Post('fails')
  fails(): string {
    throw new NotFoundException()
  }
}

@Controller('whole')
@CachedResponse({ ttl: '10m' })
class Whole {
  @Get('controller')
  controller(): string {
    return 'x'
  }

  @Get('own')
  @CachedResponse({ ttl: '20m' })
  own(): string {
    return 'x'
  }
}

const PLATFORMS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const

describe.each(PLATFORMS)('httpCache of Nest on %s', (_, newAdapter) => {
  async function site(
    options: Partial<HttpCacheModuleOptions> = {},
    controllers: readonly Type[] = [Site, Whole],
    prepare: (app: INestApplication) => void = () => {},
  ): Promise<{ app: INestApplication; get: (target: string, asking?: Asking) => Promise<Reply> }> {
    @Module({
      imports: [HttpCacheModule.forRoot({ cache: newCache({ clock: new FakeClock() }), ttl: '1m', ...options })],
      controllers: [...controllers],
    })
    class App {}
    const app = await NestFactory.create(App, newAdapter(), { logger: false, abortOnError: false })
    later(() => app.close())
    prepare(app)
    await app.listen(0, '127.0.0.1')
    runs = 0
    return { app, get: (target, asking) => ask(portOf(app.getHttpServer()), target, asking) }
  }

  it('caches what handlers return, with what interceptors, pipes and filters make of it', async () => {
    const { get } = await site()
    for (const [target, body] of [
      ['/value?id=1', '{"id":"1"}'],
      ['/enveloped', '{"data":[1]}'],
      ['/stream', 'ab'],
      ['/piped/7', 'number 7'],
    ] as const) {
      const [miss, hit] = [await get(target), await get(target)]
      expect([miss.text(), hit.text()]).toEqual([body, body])
      expect([miss.cacheStatus(), hit.cacheStatus()]).toEqual(['fwd=uri-miss; stored', 'hit; ttl=60'])
      expect(hit.header('content-type')).toBe(miss.header('content-type'))
    }
    expect(runs).toBe(1)
    expect([(await get('/piped/x')).status, (await get('/piped/0')).status]).toEqual([400, 404])
    expect((await get('/piped/0')).cacheStatus()).toContain('status 404 is not stored')
  })

  it('guards run before it, wherever they are written', async () => {
    const { get } = await site()
    const headers = { 'X-Key': 'right' }
    await get('/guarded', { headers })
    expect((await get('/guarded', { headers })).cacheStatus()).toBe('hit; ttl=300')
    expect((await get('/guarded')).status).toBe(403)
    const global = await site({ headers: [] }, [Site], (app) => app.useGlobalGuards(new Guard()))
    await global.get('/value', { headers })
    expect((await global.get('/value', { headers })).cacheStatus()).toContain('hit')
    expect((await global.get('/value')).status).toBe(403)
  })

  it('options of a handler rule over those of its controller, and those over the module’s', async () => {
    const { get } = await site()
    const second = async (target: string): Promise<string> => {
      await get(target)
      return (await get(target)).cacheStatus()
    }
    expect(await second('/value')).toBe('hit; ttl=60')
    expect(await second('/whole/controller')).toBe('hit; ttl=600')
    expect(await second('/whole/own')).toBe('hit; ttl=1200')
    expect(await second('/off')).toBe('')
  })

  it('a write invalidates, one that fails does not, and the engine can be injected to purge', async () => {
    const { app, get } = await site()
    await get('/value')
    expect((await get('/value', { method: 'PUT' })).cacheStatus()).toBe('fwd=method')
    expect((await get('/value')).cacheStatus()).toContain('stored')
    expect((await get('/fails', { method: 'POST' })).status).toBe(404)
    expect((await get('/value')).cacheStatus()).toContain('hit')
    expect(await app.get(HttpCache).purgeAll()).toBe('delivered')
    expect((await get('/value')).cacheStatus()).toContain('stored')
  })

  it('wrong options end the start, with their name', async () => {
    class Wrong {
      wrong(): string {
        return 'x'
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'wrong') as PropertyDescriptor
    Get('wrong')(Wrong.prototype, 'wrong', descriptor)
    CachedResponse({ tll: '1m' } as never)(Wrong.prototype, 'wrong', descriptor)
    Controller()(Wrong)
    await expect(site({}, [Wrong])).rejects.toThrow(/tll/)
    await expect(site({ ttl: 'soon' as never })).rejects.toThrow(/ttl/)
    await expect(site({ cache: undefined as never })).rejects.toThrow(/cache/)
  })

  it('waits for a cache that another module makes', async () => {
    const cache = newCache({ clock: new FakeClock() })
    @Module({ providers: [{ provide: 'CACHE', useFactory: async () => cache }], exports: ['CACHE'] })
    class CacheModule {}
    @Module({
      imports: [
        HttpCacheModule.forRootAsync({
          imports: [CacheModule],
          inject: ['CACHE'],
          useFactory: (made: typeof cache) => ({ cache: made, ttl: '2m' }),
        }),
      ],
      controllers: [Site],
    })
    class App {}
    const app = await NestFactory.create(App, newAdapter(), { logger: false })
    later(() => app.close())
    await app.listen(0, '127.0.0.1')
    await ask(portOf(app.getHttpServer()), '/value')
    expect((await ask(portOf(app.getHttpServer()), '/value')).cacheStatus()).toBe('hit; ttl=120')
  })

  it('a global interceptor of the application stands behind it', async () => {
    const { get } = await site({}, [Site], (app) => app.useGlobalInterceptors(new Envelope() as never))
    for (let pass = 0; pass < 2; pass++) expect((await get('/value?id=1')).text()).toBe('{"data":{"id":"1"}}')
    expect(runs).toBe(1)
  })
})
