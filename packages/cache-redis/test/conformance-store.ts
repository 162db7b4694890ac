import type { StoreFactory } from '@tiercel/cache-conformance'
import { redisStore } from '../src/index.js'

/** The store under test, in this process and in the suite's workers: the test sets the server's URL. */
const create: StoreFactory = ({ prefix }) => redisStore({ url: process.env.REDIS_TEST_URL ?? '', prefix })

/** Port 1 is nobody's. */
export const unreachable: StoreFactory = ({ prefix }) => redisStore({ url: 'redis://127.0.0.1:1', prefix })

export default create
