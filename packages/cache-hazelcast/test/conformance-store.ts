import type { StoreFactory } from '@tiercel/cache-conformance'
import { hazelcastStore } from '../src/index.js'

/** The store under test, in this process and in the suite's workers: the test sets the cluster's URL. */
const create: StoreFactory = ({ prefix }) => hazelcastStore({ url: process.env.HAZELCAST_TEST_URL ?? '', prefix })

/** Port 1 is nobody's. */
export const unreachable: StoreFactory = ({ prefix }) => hazelcastStore({ url: 'hazelcast://127.0.0.1:1', prefix })

export default create
