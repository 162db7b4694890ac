import type { Store } from '../store.js'

/**
 * Items grouped by the server that their keys lie on, so that each group is sent, and fails, by itself. One group, the
 * items themselves, where the store shows only one server.
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
