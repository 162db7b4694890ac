/**
 * The pairs of a query as they were written, without its `?`. Only `&` separates (`a=1;b=2` is one pair), and
 * `a=1%26b=2` stays one.
 */
export function queryPairs(search: string): string[] {
  return search === '' || search === '?' ? [] : search.slice(1).split('&')
}

/** The name of a pair, decoded: as the handler will read it. */
export function parameterName(pair: string): string {
  const raw = pair.split('=', 1)[0] as string
  if (!/[%+]/.test(raw)) return raw
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    return raw
  }
}

export function parameterNames(search: string): string[] {
  return queryPairs(search).map(parameterName)
}

/**
 * The name that a parser may give a parameter: `ids` for `ids[]`, `filter` for `filter[x]` and `filter.y`, `page` for `Page`.
 * Parameters are chosen and hidden by this name, so that no parser makes a hidden one part of a chosen one.
 */
export function rootOf(name: string): string {
  const nested = name.search(/[[.]/)
  return (nested > 0 ? name.slice(0, nested) : name).toLowerCase()
}

/** From its `?` on; empty where there is none. */
export function searchOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? '' : target.slice(mark)
}

export function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}
