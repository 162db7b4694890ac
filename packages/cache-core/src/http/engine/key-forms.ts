import type { Engine } from '../../protocol/engine.js'
import type { KeyRules } from '../rules/key.js'
import type { HttpCacheRules } from '../rules/options.js'

/**
 * The ways in which the HTTP caches on one data cache make keys of a URL: with or without its host, of the whole query or of
 * some parameters. A write or purge on one route must also reach routes whose keys are made differently, so it goes to every
 * form. Forms come from code, not from clients, so there are few, each kept once.
 */
const known = new WeakMap<Engine, Map<string, KeyRules>>()

/** The least `prefixDepth` of the HTTP caches of this process on a data cache. */
const depths = new WeakMap<Engine, number>()

export function addKeyForm(engine: Engine, rules: KeyRules & Pick<HttpCacheRules, 'prefixDepth' | 'bypass'>): void {
  // A cache with `bypass: true` stores nothing.
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

/** How many segments of its path each response is tagged with; `undefined` where no cache of this process stores any. */
export function markedDepth(engine: Engine): number | undefined {
  return depths.get(engine)
}
