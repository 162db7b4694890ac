import type { StoreFactory } from '@tiercel/cache-conformance'
import { hazelcastStore } from '../src/index.js'

/** The store under test, in this process and in the suite's workers: the test sets the cluster's URL. */
const create: StoreFactory = ({ prefix }) => hazelcastStore({ url: process.env.HAZELCAST_TEST_URL ?? '', prefix })

export default create
