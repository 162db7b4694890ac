/** A value as it may stand in an error message: short, and never the content of an object. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `'${value.slice(0, 60)}…'` : `'${value}'`
  if (typeof value === 'object' && value !== null) return kindOf(value)
  if (typeof value === 'function') return 'a function'
  return String(value)
}

/** What sort of value it is, without the value: all that may be said of a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'an array'
  return withArticle(typeof value === 'object' ? className(value) : typeof value)
}

/** `['true', 'false', 'a list']` as `true, false or a list`. */
export function listOr(alternatives: readonly string[]): string {
  const last = alternatives.at(-1) ?? ''
  return alternatives.length < 2 ? last : `${alternatives.slice(0, -1).join(', ')} or ${last}`
}

/** A class is named, so that a Promise, a URL or a store is recognized where it was not meant. */
function className(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name
  // By name: another realm has an Object of its own.
  return typeof name === 'string' && name !== '' && name !== 'Object' ? name : 'object'
}

function withArticle(noun: string): string {
  // Not u: a URL, a Uint8Array.
  return `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
}
