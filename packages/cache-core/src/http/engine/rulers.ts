import { LRUCache } from 'lru-cache'
import type { Engine } from '../../protocol/engine.js'

/** In characters of the names of slots. */
const MAX_CHARACTERS = 1_048_576

type Rulers = LRUCache<string, WeakRef<object>>

const byEngine = new WeakMap<Engine, Rulers>()

/**
 * Which of several caches that requests come through one after the other rules a variant: the innermost, as runs have
 * shown. One outside of it, which finds what that has stored, must not store anything in its place: it knows another
 * lifetime for it.
 */
export function rulersOf(engine: Engine): Rulers {
  let rulers = byEngine.get(engine)
  if (rulers === undefined) {
    rulers = new LRUCache({ maxSize: MAX_CHARACTERS, sizeCalculation: (_ruler, slot) => slot.length + 1 })
    byEngine.set(engine, rulers)
  }
  return rulers
}
