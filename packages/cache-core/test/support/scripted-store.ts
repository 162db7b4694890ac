import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'

/** A memory store with some operations replaced, and every call written down as `operation key`. */
export function scriptedStore(script: Partial<Store> = {}): { readonly store: Store; readonly calls: string[] } {
  const calls: string[] = []
  const memory = memoryStore()
  const store = new Proxy<Store>(memory, {
    get(target, name) {
      const member: unknown = script[name as keyof Store] ?? Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        calls.push(typeof args[0] === 'string' ? `${String(name)} ${args[0]}` : String(name))
        return member.apply(target, args)
      }
    },
  })
  return { store, calls }
}
