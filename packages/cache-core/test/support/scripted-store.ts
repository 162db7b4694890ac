import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'

export interface Scripted {
  readonly store: Store
  readonly calls: string[]
}

/** A store with some operations replaced, which records every call as `operation key`. */
export function scriptedStore(script: Partial<Store> = {}, base: Store = memoryStore()): Scripted {
  const calls: string[] = []
  const store = new Proxy<Store>(base, {
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
