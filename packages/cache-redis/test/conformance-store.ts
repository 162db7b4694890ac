import type { Store } from '@tiercel/cache-core/store'
import { redisStore } from '../src/index.js'

/** The store under test, for the suite and for the processes it forks. The server's URL is in the environment. */
export default function create({ prefix }: { readonly prefix: string }): Store {
  const url = process.env.CONFORMANCE_REDIS_URL
  if (url === undefined) throw new Error('CONFORMANCE_REDIS_URL is not set')
  return redisStore({ url, prefix })
}
