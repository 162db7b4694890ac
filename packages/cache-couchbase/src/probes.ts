import type { CapabilityName } from '@tiercel/cache-core/store'
import type { Collection } from 'couchbase'
import { count } from './counter.js'

/** In seconds. Probes use keys of their own and expire soon, whatever happens to them. */
const EXPIRY = 2

type Probe = (collection: Collection, id: string, timeout: number) => Promise<unknown>

/** Each succeeds only if the cluster executes everything that the capability needs. */
export const PROBES: Readonly<Partial<Record<CapabilityName, Probe>>> = {
  add: (collection, id, timeout) => collection.insert(id, '', { timeout, expiry: EXPIRY }),
  async compareAndSet(collection, id, timeout) {
    const first = await collection.insert(id, '', { timeout, expiry: EXPIRY })
    const second = await collection.replace(id, '', { timeout, expiry: EXPIRY, cas: first.cas })
    await collection.remove(id, { timeout, cas: second.cas })
  },
  async touch(collection, id, timeout) {
    await collection.insert(id, '', { timeout, expiry: EXPIRY })
    await collection.touch(id, EXPIRY, { timeout })
  },
  increment: (collection, id, timeout) => count(collection.binary(), id, 1, { timeout, expiry: EXPIRY }),
}
