import { type Item, isInnerList, parseDictionary } from 'structured-headers'
import { type Arguments, directivesOf, type ResponseDirectives } from './cache-control.js'

/** What no lifetime is read from, whatever it was. */
const NO_NUMBER = ''

/**
 * The directives of a targeted field (RFC 9213), whose value is a dictionary of structured fields (RFC 9651 section
 * 3.2): stricter than Cache-Control, and of what is written twice the last one counts. `undefined` where it is empty or
 * none, and counts as absent (RFC 9213 section 2.1).
 */
export function targetedDirectives(values: readonly string[]): ResponseDirectives | undefined {
  const found = new Map<string, Arguments>()
  try {
    for (const [name, member] of parseDictionary(values.join(', '))) {
      const value = isInnerList(member) ? NO_NUMBER : argument(name, member)
      if (value !== false) found.set(name, [value])
    }
  } catch {
    return undefined
  }
  return found.size === 0 ? undefined : directivesOf(found)
}

/** As text: a lifetime is an integer, names of fields are a string. `false`: it is not said. */
function argument(name: string, [value]: Item): string | undefined | false {
  if (typeof value === 'boolean') return value ? undefined : false
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && (name === 'no-cache' || name === 'private') ? value : NO_NUMBER
}
