import type { StoreFactory } from '@tiercel/cache-conformance'
import { memcachedStore } from '../src/index.js'

/**
 * The store under test, in this process and in the suite's workers: the test sets the servers' URL. A machine that is
 * busy with three servers and many processes may take longer to connect than the default allows.
 */
const create: StoreFactory = ({ prefix }) =>
  memcachedStore({ url: process.env.MEMCACHED_TEST_URL ?? '', prefix, connectTimeout: '3s' })

/** Port 1 is nobody's. */
export const unreachable: StoreFactory = ({ prefix }) => memcachedStore({ url: 'memcached://127.0.0.1:1', prefix })

export default create
