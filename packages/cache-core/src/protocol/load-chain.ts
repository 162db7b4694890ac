import { AsyncLocalStorage } from 'node:async_hooks'
import { CircularLoadError } from '../base/errors.js'
import { type Key, keyName } from './key.js'

/** One load of this process, as the calls made inside its loader know it. */
export interface LoadLink {
  readonly key: Key
  readonly slot: string
  /** Tells loads of one store from those of another. */
  readonly store: object
  /** The loads inside of which it was begun. */
  readonly inside: readonly LoadLink[]
  /** Loads whose answer a call inside its loader waits for. */
  readonly waitsFor: Set<LoadLink>
}

/** A loader of many keys runs for several loads at once. */
const chain = new AsyncLocalStorage<readonly LoadLink[]>()

const NONE: readonly LoadLink[] = []

/** The loads inside of which this call is made. */
export function currentLoads(): readonly LoadLink[] {
  return chain.getStore() ?? NONE
}

/** Runs a loader so that calls made inside it know for which loads it runs. */
export function insideLoads<T>(links: readonly LoadLink[], run: () => T): T {
  return chain.run(links, run)
}

/**
 * A load may not ask for what it is itself being loaded for, directly or through others: nobody could ever answer.
 * @throws CircularLoadError naming the circle.
 */
export function checkCircle(inside: readonly LoadLink[], key: Key, slot: string, store: object): void {
  for (const link of inside) {
    const circle = pathTo(link, slot, store)
    if (circle !== undefined) throw new CircularLoadError([...circle, key].map(keyName))
  }
}

/** The keys from the load of this slot down to the link, where it stands above it. */
function pathTo(link: LoadLink, slot: string, store: object): readonly Key[] | undefined {
  if (link.slot === slot && link.store === store) return [link.key]
  for (const outer of link.inside) {
    const path = pathTo(outer, slot, store)
    if (path !== undefined) return [...path, link.key]
  }
  return undefined
}

/** Whether this load waits, directly or through others, for one of those: a call made inside one of them must not wait for it. */
export function waitsForAny(link: LoadLink, loads: readonly LoadLink[], seen = new Set<LoadLink>()): boolean {
  if (loads.includes(link)) return true
  if (seen.has(link)) return false
  seen.add(link)
  for (const next of link.waitsFor) if (waitsForAny(next, loads, seen)) return true
  return false
}
