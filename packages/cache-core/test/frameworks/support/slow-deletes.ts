import { memoryStore } from '../../../src/index.js'
import type { Store } from '../../../src/store/store.js'
import { gate } from './apps.js'

/** A store whose deletes wait for `let`. */
export function slowDeletes(): { store: Store; deletes: () => number; let: () => void } {
  const { opened, open: letThem } = gate()
  const inner = memoryStore()
  let deletes = 0
  const store = new Proxy(inner, {
    get: (target, name) => {
      if (name === 'delete') {
        return async (key: string) => {
          deletes++
          await opened
          return inner.delete(key)
        }
      }
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { store, deletes: () => deletes, let: letThem }
}
