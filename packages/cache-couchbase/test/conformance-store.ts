import type { StoreFactory } from '@tiercel/cache-conformance'
import { couchbaseStore } from '../src/index.js'

/** Named by the test for itself and for the processes that it starts. */
export const URL_VARIABLE = 'TIERCEL_TEST_COUCHBASE_URL'

/** Values of 20 MiB take the mock on a busy machine seconds. */
const create: StoreFactory = ({ prefix }) =>
  couchbaseStore({ url: process.env[URL_VARIABLE] ?? '', prefix, kvTimeout: '2.5s' })

export default create

/** Nobody listens on port 1. */
export const unreachable: StoreFactory = ({ prefix }) =>
  couchbaseStore({ url: 'couchbase://127.0.0.1:1/bucket', prefix })
