import { partsOf } from '../entry/frame.js'
import { memoryStore } from '../store/memory/memory-store.js'
import type { Store, StoreWrite, Version } from '../store/store.js'

/**
 * A store that keeps no value: each is gone as soon as it is written, so every call loads. Callers that ask for a key
 * during its load still share that load, since leases are kept. Counters count.
 */
export function nullStore(): Store {
  const memory = memoryStore()
  /** Removes a value that has just been written. */
  const dropped = async (
    key: string,
    bytes: Uint8Array,
    write: Promise<Version | undefined>,
  ): Promise<Version | undefined> => {
    const version = await write
    if (version !== undefined && isValue(bytes)) await memory.compareAndDelete(key, version)
    return version
  }
  const set: Store['set'] = async (key, bytes, options) => {
    if (isValue(bytes)) await memory.delete(key)
    else await memory.set(key, bytes, options)
  }
  const replaced: Partial<Store> = {
    name: 'null',
    set,
    setMany: async (writes: readonly StoreWrite[]) => {
      await Promise.all(writes.map(({ key, bytes, ttl }) => set(key, bytes, { ttl })))
    },
    add: (key, bytes, options) => dropped(key, bytes, memory.add(key, bytes, options)),
    compareAndSet: (key, version, bytes, options) =>
      dropped(key, bytes, memory.compareAndSet(key, version, bytes, options)),
  }
  return new Proxy(memory, {
    get(target, name) {
      const member: unknown = replaced[name as keyof Store] ?? Reflect.get(target, name, target)
      return typeof member === 'function' ? (...args: unknown[]) => member.apply(target, args) : member
    },
  })
}

/** Whether the bytes are a whole frame of a value, whatever was done to its payload. */
function isValue(bytes: Uint8Array): boolean {
  return partsOf(bytes) !== undefined
}
