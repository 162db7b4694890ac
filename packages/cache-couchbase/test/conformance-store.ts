import type { StoreFactory } from '@tiercel/cache-conformance'
import { couchbaseStore } from '../src/index.js'

/**
 * The store under test, in this process and in the suite's workers: the test sets the server's URL. Values of 20 MiB
 * take the mock on a busy machine seconds.
 */
const create: StoreFactory = ({ prefix }) =>
  couchbaseStore({ url: process.env.COUCHBASE_TEST_URL ?? '', prefix, kvTimeout: '5s' })

/** Port 1 is nobody's. */
export const unreachable: StoreFactory = ({ prefix }) =>
  couchbaseStore({ url: 'couchbase://127.0.0.1:1/bucket', prefix })

export default create
