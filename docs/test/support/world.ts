import { type Cache, createCache, memoryStore } from '@tiercel/cache-core'

/** A new cache and a new database for each block that runs. What ends them is returned. */
export function makeWorld(): () => Promise<void> {
  const products = new Map<number, Product>([[1, { id: 1, name: 'Falcon', price: 70 }]])
  globalThis.store = memoryStore()
  const made: Cache = createCache({ store })
  globalThis.cache = made
  globalThis.id = 1
  globalThis.db = {
    async product(wanted) {
      const product = products.get(wanted)
      if (product === undefined) throw new Error(`no product ${wanted}`)
      return product
    },
    products: async () => [...products.values()],
    async setPrice(wanted, price) {
      products.set(wanted, { ...(await db.product(wanted)), price })
    },
  }
  return () => made.close()
}
