import type { StoreFactory } from '@tiercel/cache-conformance'
import { memcachedStore } from '../src/index.js'

/** The store under test, also in the suite's own processes; the address comes by environment. */
const create: StoreFactory = ({ prefix }) => memcachedStore({ url: process.env.TEST_MEMCACHED_URL ?? '', prefix })

export default create

/** Nobody listens on port 1. */
export const unreachable: StoreFactory = ({ prefix }) => memcachedStore({ servers: ['127.0.0.1:1'], prefix })
