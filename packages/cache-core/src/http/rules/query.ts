import { parameterName, queryPairs, rootOf } from '../message/query.js'

/** Which parameters of a query are part of the key. All names are roots (`rootOf`). */
export interface QueryRules {
  /** `true`: the whole query. A set: these parameters only. `false`: none. */
  readonly query: true | false | ReadonlySet<string>
  /** Parameters that never count. */
  readonly ignoreQuery: ParameterPatterns
  /** Whether the order of different parameters does not count. */
  readonly sortQuery: boolean
}

/** Names, and beginnings of names. */
export interface ParameterPatterns {
  readonly names: ReadonlySet<string>
  readonly prefixes: readonly string[]
}

/**
 * Parsers stop after so many parameters (`qs` and `querystring` by default), so that parsing the whole query and parsing only
 * the chosen ones could give different values.
 */
const MAX_PARAMETERS = 1_000

/**
 * The part of a query that counts, as written: `?id=1&id=2` is not `?id=2&id=1`, and an empty query differs from none.
 * `undefined`: too many parameters to tell.
 */
export function selectQuery(search: string, rules: QueryRules): string | undefined {
  const { query, ignoreQuery, sortQuery } = rules
  if (query === false || search === '') return ''
  const all = query === true && ignoreQuery.names.size === 0 && ignoreQuery.prefixes.length === 0
  if (all && !sortQuery) return search
  const pairs = queryPairs(search)
  if (pairs.length >= MAX_PARAMETERS) return undefined
  const named = pairs.map((pair) => ({ pair, root: rootOf(parameterName(pair)) }))
  const counting = all ? named : named.filter(({ root }) => counts(root, rules))
  if (sortQuery) counting.sort((a, b) => (a.root < b.root ? -1 : a.root > b.root ? 1 : 0))
  else if (counting.length === pairs.length) return search
  return counting.length === 0 ? '' : `?${counting.map(({ pair }) => pair).join('&')}`
}

function counts(root: string, { query, ignoreQuery }: QueryRules): boolean {
  if (typeof query === 'object' && !query.has(root)) return false
  return !ignoreQuery.names.has(root) && !ignoreQuery.prefixes.some((prefix) => root.startsWith(prefix))
}
