import { memoryStore } from '@tiercel/cache-core'
import type { StoreFactory } from '../../src/index.js'

/** Small enough for the suite to reach the limit. */
const create: StoreFactory = ({ clock }) => memoryStore({ maxBytes: 16_777_216, ...(clock && { clock }) })

export default create
export const clock = true
