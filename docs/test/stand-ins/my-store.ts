import { memoryStore, type Store } from '@tiercel/cache-core'

/** Stands for the reader's own module where a page imports one. */
export const unreachable = (): Store => memoryStore()
export default (): Store => memoryStore()
