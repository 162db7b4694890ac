import { type Item, isInnerList, parseDictionary } from 'structured-headers'
import { type Arguments, directivesOf, type ResponseDirectives } from './cache-control.js'

/** An argument from which no lifetime can be read. */
const NO_NUMBER = ''

/**
 * The directives of a targeted field (RFC 9213), whose value is a dictionary of structured fields (RFC 9651 section
 * 3.2): stricter than Cache-Control, and of what is written twice the last one counts. `undefined` where it is empty or
 * none, and counts as absent (RFC 9213 section 2.1).
 */
export function targetedDirectives(values: readonly string[]): ResponseDirectives | undefined {
  const text = values.join(', ')
  const found = new Map<string, Arguments>()
  try {
    const dictionary = parseDictionary(text)
    if (dictionary.size === 0) return undefined
    for (const [name, member] of dictionary) {
      const value = isInnerList(member) ? NO_NUMBER : argument(name, member, text)
      if (value !== false) found.set(name, [value])
    }
  } catch {
    return undefined
  }
  return directivesOf(found)
}

/** As text: a lifetime is an integer, names of fields are a string. `false`: it is not said. */
function argument(name: string, [value]: Item, text: string): string | undefined | false {
  if (typeof value === 'boolean') return value ? undefined : false
  if (name === 'no-cache' || name === 'private') return typeof value === 'string' ? value : NO_NUMBER
  return typeof value === 'number' && !isWrittenAsDecimal(name, text) ? String(value) : NO_NUMBER
}

/** `60.0` is no integer (RFC 9213 section 2.1), and a number all the same when it has been read. */
function isWrittenAsDecimal(name: string, text: string): boolean {
  if (!text.includes('.')) return false
  const members = text.replaceAll(STRING, '').split(',')
  return members.some((member) => /^[\t ]*([^=]*)=-?\d+\./.exec(member)?.[1] === name)
}

/** In a dictionary, where each that is opened is closed. */
const STRING = /"(?:[^"\\]|\\.)*"/g
