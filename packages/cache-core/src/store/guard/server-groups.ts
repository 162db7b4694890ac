import type { Store } from '../store.js'

/**
 * What is about several keys, in a part for each server that the keys lie on: each is then sent, and fails, by itself.
 * One part, the items themselves, where the store shows one server only.
 */
export function serverGroups<T>(
  store: Pick<Store, 'serverOf'>,
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly T[])[] {
  if (store.serverOf === undefined) return [items]
  const groups = new Map<string | undefined, T[]>()
  for (const item of items) {
    const server = store.serverOf(keyOf(item))
    const group = groups.get(server)
    if (group === undefined) groups.set(server, [item])
    else group.push(item)
  }
  return groups.size === 1 ? [items] : [...groups.values()]
}
