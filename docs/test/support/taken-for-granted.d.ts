import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache, Store } from '@tiercel/cache-core'
import type { FastifyInstance } from 'fastify'

/** What the pages take for granted: an application with a cache and a database. `world.ts` makes it. */
declare global {
  interface Product {
    readonly id: number
    readonly name: string
    readonly price: number
  }
  interface Database {
    product(id: number, options?: { signal?: AbortSignal }): Promise<Product>
    products(): Promise<readonly Product[]>
    setPrice(id: number, price: number): Promise<void>
  }
  var cache: Cache
  var store: Store
  var db: Database
  var id: number
  var app: FastifyInstance
  var handler: (req: IncomingMessage, res: ServerResponse) => void
}
