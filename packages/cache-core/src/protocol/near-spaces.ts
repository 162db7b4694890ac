import { SEPARATOR, unescapePart } from '../base/escape.js'
import type { NearEntry, NearSpace } from './near-entry.js'

/** Where the entry of a slot is. */
export interface Home {
  readonly space: NearSpace
  readonly composed: boolean
  readonly key: string
}

/** Generation, type and namespace: see `slotKey`. */
const PARTS_BEFORE_KEY = 3

/**
 * The near entries of each type and namespace. A slot's key is the caller's own, escaped; here a key of one part stands
 * as the caller writes it, so that a hit by a string makes no other string.
 */
export class Spaces {
  readonly #spaces = new Map<string, WeakRef<NearSpace>>()
  readonly #forgotten = new FinalizationRegistry<string>((prefix) => {
    if (this.#spaces.get(prefix)?.deref() === undefined) this.#spaces.delete(prefix)
  })

  /** Held weakly, by its users and entries: namespaces may come and go without end. */
  of(prefix: string): NearSpace {
    const known = this.#spaces.get(prefix)?.deref()
    if (known !== undefined) return known
    const space: NearSpace = { single: new Map<string, NearEntry>(), composed: new Map<string, NearEntry>() }
    this.#spaces.set(prefix, new WeakRef(space))
    this.#forgotten.register(space, prefix)
    return space
  }

  /** Empties all, whatever they hold: entries are not touched one by one. */
  empty(): void {
    for (const held of this.#spaces.values()) {
      const space = held.deref()
      if (space === undefined) continue
      if (space.single.size > 0) space.single = new Map()
      if (space.composed.size > 0) space.composed = new Map()
    }
  }

  /** Where the entry of a slot would be; `undefined` where there can be none. Takes no memory for names that others send. */
  homeOf(slot: string): Home | undefined {
    return homeIn(slot, (prefix) => this.#spaces.get(prefix)?.deref())
  }

  /** Where to put the entry of a slot; `undefined` where it is not the slot of a key. */
  homeFor(slot: string): Home | undefined {
    return homeIn(slot, (prefix) => this.of(prefix))
  }
}

function homeIn(slot: string, spaceOf: (prefix: string) => NearSpace | undefined): Home | undefined {
  let at = -1
  for (let part = 0; part < PARTS_BEFORE_KEY; part++) {
    at = slot.indexOf(SEPARATOR, at + 1)
    if (at === -1) return undefined
  }
  const space = spaceOf(slot.slice(0, at + 1))
  if (space === undefined) return undefined
  const text = slot.slice(at + 1)
  if (text.includes(SEPARATOR)) return { space, composed: true, key: text }
  return { space, composed: false, key: unescapePart(text) }
}
