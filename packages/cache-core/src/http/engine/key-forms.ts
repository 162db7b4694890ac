import type { Engine } from '../../protocol/engine.js'
import type { KeyRules } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'

/**
 * In how many ways the HTTP caches on one data cache make keys of a URL: with or without its host, of the whole query or
 * of some parameters. A write on one route must be heard on another whose key is made differently, and so must a purge;
 * so they go to every form. Forms come from code, not from clients: there are a few, each kept once.
 */
const known = new WeakMap<Engine, Map<string, KeyRules>>()

/** By how many segments of its path every response on a data cache is known, as far as this process has made them. */
const depths = new WeakMap<Engine, number>()

export function addKeyForm(engine: Engine, rules: KeyRules & Pick<HttpCacheRules, 'prefixDepth' | 'bypass'>): void {
  // What only hears of writes stores nothing.
  if (rules.bypass !== true) depths.set(engine, Math.min(markedDepth(engine) ?? rules.prefixDepth, rules.prefixDepth))
  const forms = known.get(engine) ?? new Map<string, KeyRules>()
  known.set(engine, forms)
  const { host, query, ignoreQuery, sortQuery, noVarySearch } = rules
  const names = typeof query === 'object' ? [...query].sort() : query
  const ignored = [[...ignoreQuery.names].sort(), [...ignoreQuery.prefixes].sort()]
  const form = { host, query, ignoreQuery, sortQuery, noVarySearch }
  forms.set(JSON.stringify([host === true, names, ignored, sortQuery, noVarySearch]), form)
}

export function keyForms(engine: Engine): Iterable<KeyRules> {
  return known.get(engine)?.values() ?? []
}

/** `undefined` where no cache of this process stores anything. */
export function markedDepth(engine: Engine): number | undefined {
  return depths.get(engine)
}
