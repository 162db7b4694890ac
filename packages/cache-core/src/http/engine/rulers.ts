import type { LRUCache } from 'lru-cache'
import { textLru } from '../../base/text-lru.js'
import type { Engine } from '../../protocol/engine.js'

/** In characters of the names of slots. */
const MAX_CHARACTERS = 1_048_576

type Rulers = LRUCache<string, WeakRef<object>>

const byEngine = new WeakMap<Engine, Rulers>()

/**
 * Of several caches that requests pass one after the other, the one that rules a variant: the innermost, as runs have shown.
 * One further out that finds its responses must not replace them, since it has another lifetime for them.
 */
export function rulersOf(engine: Engine): Rulers {
  let rulers = byEngine.get(engine)
  if (rulers === undefined) {
    rulers = textLru(MAX_CHARACTERS)
    byEngine.set(engine, rulers)
  }
  return rulers
}
