import type { Store } from '@tiercel/cache-core/store'
import type { Clock } from '@tiercel/cache-core/store-kit'
import type { Engine } from '../support/engine.js'
import type { Link } from '../support/link.js'

export { ReferenceStore } from '../support/reference-store.js'

/** A store with one thing wrong, and the case that must find it. */
export interface Mutant {
  /** What is wrong: a sentence, and the mutant's name. */
  readonly fault: string
  /** The id of the case named for it. */
  readonly killedBy: string
  /**
   * What the mutant needs around it: nothing (its engine is in the process), other processes of its module, or
   * a server that can be frozen and killed. Default `'nothing'`.
   */
  readonly needs?: 'nothing' | 'processes' | 'faults'
  /** The engine behind the port, where that is what is wrong. Default: a right one. */
  readonly makeEngine?: () => Engine
  make(link: Link, prefix: string, clock?: Clock): Store | Promise<Store>
}

type StoreClass = new (link: Link, prefix: string, clock?: Clock) => Store

/** A mutant that is a class. */
export function mutant(fault: string, killedBy: string, Wrong: StoreClass, needs: Mutant['needs'] = 'nothing'): Mutant {
  return { fault, killedBy, needs, make: (link, prefix, clock) => new Wrong(link, prefix, clock) }
}

/** A turn of the event loop in which others come between. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
