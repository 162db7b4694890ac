import type { StoreFactory } from '@tiercel/cache-conformance'
import { postgresStore } from '../src/index.js'
import { connectQueryClient } from './support/query-client.js'

/** The port of the query server, set by the test. */
const port = Number(process.env.POSTGRES_STORE_TEST_PORT)

const create: StoreFactory = ({ prefix }) => postgresStore({ client: () => connectQueryClient(port), prefix })

export default create

/** Nobody listens on port 1. */
export const unreachable: StoreFactory = ({ prefix }) => postgresStore({ client: () => connectQueryClient(1), prefix })
