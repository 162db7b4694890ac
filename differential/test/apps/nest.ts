import 'reflect-metadata'
import { createReadStream } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  All,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  Delete,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  HttpException,
  type INestApplication,
  type NestInterceptor,
  NotFoundException,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Put,
  Query,
  Redirect,
  Req,
  Res,
  StreamableFile,
  type Type,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  VERSION_NEUTRAL,
  Version,
  VersioningType,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { HttpCacheModule } from '@tiercel/cache-core/nest'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import session from 'express-session'
import helmet from 'helmet'
import { map, type Observable } from 'rxjs'
import type { Application, Site } from '../support/application.js'
import { CACHE_CONTROLS, Items, LONG_TEXT } from './answers.js'
import { RequestContext } from './context.js'
import { STATIC } from './fixtures.js'
import { portOf } from './listen.js'
import { rawRoutes, runRaw } from './raw-routes.js'

type RawOr<Value> = Value | { readonly raw: Value }

const rawOf = <Value extends object>(value: RawOr<Value>): Value => ('raw' in value ? value.raw : value)

export const nestOnExpress: Application = {
  name: 'Nest on Express',
  places: ['inside of all'],
  randomCookies: ['sid'],
  start: (site) => start(site, new ExpressAdapter()),
}

export const nestOnFastify: Application = {
  name: 'Nest on Fastify',
  places: ['inside of all'],
  // Its adapter routes only the methods that Nest knows, and parses bodies before a handler runs.
  lacks: /reads-half-a-request/,
  statuses: Object.fromEntries(
    ['REPORT /raw/end', 'REPORT /raw/chunks', 'PURGE /raw/end', 'PURGE /raw/chunks'].map((name) => [name, 404]),
  ),
  start: (site) => start(site, new FastifyAdapter({ forceCloseConnections: true })),
}

async function start(site: Site, adapter: ExpressAdapter | FastifyAdapter): ReturnType<Application['start']> {
  const context = new RequestContext()
  const module = {
    module: class {},
    imports: site.cache === undefined ? [] : [HttpCacheModule.forRoot({ cache: site.cache.engine })],
    controllers: controllers(site, context),
  }
  const app: INestApplication = await NestFactory.create(module, adapter, {
    logger: false,
    forceCloseConnections: true,
  })
  app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version', defaultVersion: VERSION_NEUTRAL })
  app.enableCors({ origin: ['https://app.example', 'https://other.example'], credentials: true })
  app.use((req: IncomingMessage, res: ServerResponse, next: () => void) => {
    const asked = `${req.method} ${req.url}`
    res.on('finish', () => site.note(req, `log: ${asked} ${req.method} ${req.url} ${res.statusCode}`))
    context.run(req, next)
  })
  app.use(helmet())
  if (adapter instanceof ExpressAdapter) {
    let sessions = 0
    app.use(compression({ threshold: 1000 }), cookieParser())
    app.use(
      session({
        name: 'sid',
        secret: 'a secret of sessions',
        resave: false,
        saveUninitialized: false,
        genid: () => `session-${++sessions}`,
      }),
    )
  }
  await app.listen(0, '127.0.0.1')
  const server = app.getHttpServer() as Server
  server.keepAliveTimeout = 60_000
  return { port: portOf(server), close: () => app.close() }
}

/** Made for each run, so that no state is shared. */
function controllers(site: Site, context: RequestContext): Type[] {
  const items = new Items()

  class KeyGuard implements CanActivate {
    canActivate(execution: ExecutionContext): boolean {
      const { headers } = execution.switchToHttp().getRequest<IncomingMessage>()
      if (headers['x-key'] !== 'known') throw new UnauthorizedException('no key')
      return true
    }
  }

  class Wrapping implements NestInterceptor {
    intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(map((data: unknown) => ({ data })))
    }
  }

  @Catch(RangeError)
  class RangeFilter implements ExceptionFilter {
    catch(error: RangeError): void {
      throw new HttpException({ filtered: error.message }, 422)
    }
  }

  @Controller('items')
  class ItemController {
    @Get()
    @Header('Cache-Control', 'no-cache')
    all() {
      return items.all()
    }

    @Get(':id')
    one(@Param('id', ParseIntPipe) id: number) {
      const item = items.get(id)
      if (item === undefined) throw new NotFoundException()
      return item
    }

    @Post()
    add(@Body() body: { name: string }) {
      return items.add(body.name)
    }

    @Put(':id')
    put(@Param('id', ParseIntPipe) id: number, @Body() body: { name: string }) {
      return items.put(id, body.name)
    }

    @Patch(':id')
    patch(@Param('id', ParseIntPipe) id: number, @Body() body: { name: string }) {
      return items.put(id, body.name)
    }

    @Delete(':id')
    @HttpCode(204)
    remove(@Param('id', ParseIntPipe) id: number) {
      if (!items.delete(id)) throw new NotFoundException()
    }
  }

  @Controller()
  class AnswerController {
    @Get('string')
    string() {
      return 'a string'
    }

    @Get('nothing')
    nothing() {}

    @Get('long')
    long() {
      return { text: LONG_TEXT }
    }

    @Get('later')
    async later() {
      return { later: true }
    }

    @Get('query')
    query(@Query() query: unknown) {
      return query
    }

    @Get('cache-control/:kind')
    cacheControl(
      @Param('kind') kind: string,
      @Res({ passthrough: true }) reply: { header(name: string, value: unknown): void },
    ) {
      reply.header('Cache-Control', CACHE_CONTROLS[kind])
      return { kind }
    }

    @Get('redirect')
    @Redirect('/items?from=here', 301)
    redirect() {}

    @Get('file')
    @Header('Content-Type', 'text/plain')
    file() {
      return new StreamableFile(createReadStream(join(STATIC, 'digits.txt')))
    }

    @Get('stream')
    stream() {
      return new StreamableFile(Readable.from([Buffer.from('a '), Buffer.from('stream')]))
    }

    @Get('guarded')
    @UseGuards(KeyGuard)
    guarded() {
      return { guarded: true }
    }

    @Get('wrapped')
    @UseInterceptors(Wrapping)
    wrapped() {
      return [1, 2]
    }

    @Get('filtered')
    @UseFilters(RangeFilter)
    filtered() {
      throw new RangeError('out of range')
    }

    @Get('versioned')
    @Version('2')
    second() {
      return { version: 2 }
    }

    @Get('versioned')
    @Version(['1', VERSION_NEUTRAL])
    first() {
      return { version: 1 }
    }

    @Get('throws')
    throws() {
      throw new Error('at once')
    }

    @Post('throws')
    throwsOnPost() {
      throw new HttpException('a teapot', 418)
    }

    @Post('echo')
    echo(@Body() body: unknown) {
      return body
    }

    @Get('context')
    async context(@Req() request: RawOr<IncomingMessage>) {
      await context.noteIn(rawOf(request), site)
      return { done: true }
    }

    @All('raw/:name')
    async raw(
      @Param('name') name: string,
      @Req() request: RawOr<IncomingMessage>,
      @Res() reply: RawOr<ServerResponse> & { hijack?(): void },
    ) {
      reply.hijack?.()
      const handler = rawRoutes[name]
      if (handler !== undefined) await runRaw(handler, rawOf(request), rawOf(reply), site)
    }
  }
  return [ItemController, AnswerController]
}
