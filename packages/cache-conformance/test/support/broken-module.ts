import type { StoreFactory } from '../../src/index.js'
import { Engine } from './engine.js'
import { LocalLink } from './link.js'
import { ReferenceStore } from './reference-store.js'

/** A store as a beginner writes it: it forgets the TTL, and takes an empty value for a miss. */
class BrokenStore extends ReferenceStore {
  override readonly name = 'broken'

  override async set(key: string, bytes: Uint8Array) {
    await super.set(key, bytes)
  }

  override async get(key: string) {
    const entry = await super.get(key)
    return entry?.bytes.byteLength ? entry : undefined
  }

  override get capabilities() {
    return { ...super.capabilities, shared: false }
  }
}

const link = new LocalLink(new Engine())
const create: StoreFactory = ({ prefix, clock }) => new BrokenStore(link, prefix, clock)

export default create
export const clock = true
