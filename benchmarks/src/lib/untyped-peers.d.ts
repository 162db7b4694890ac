declare module 'apicache' {
  import type { RequestHandler } from 'express'

  const apicache: { middleware(duration: string): RequestHandler }
  export default apicache
}

declare module 'koa-cash' {
  import type { Context, Middleware } from 'koa'

  interface Cashed extends Context {
    cashed(): Promise<boolean>
  }
  export default function koaCash(store: {
    get(key: string): Promise<object | undefined>
    set(key: string, value: object): Promise<void>
  }): Middleware<object, Cashed>
}

declare module 'koa-redis-cache' {
  import type { Middleware } from 'koa'
  export default function koaRedisCache(options: {
    redis: { url: string; options: { return_buffers: boolean } }
    expire: number
  }): Middleware
}
