import { type Item, isInnerList, parseDictionary } from 'structured-headers'
import { combined, type HeaderLines } from './headers.js'

/**
 * What of a query a response does not depend on, as No-Vary-Search says it (draft-ietf-httpbis-no-vary-search).
 * Names are decoded, and sorted, each once.
 */
export interface SearchVariance {
  /** Whether the order of parameters of different names does not count. */
  readonly anyOrder: boolean
  /** Whether `names` are all that counts; else they are what does not count. */
  readonly only: boolean
  readonly names: readonly string[]
}

/** A longer field is ignored: no list of names is so long, and parsing takes time by its length. Characters. */
const MAX_FIELD = 4_096

/** `undefined`: everything counts, as it is written; also where the field is malformed. */
export function searchVariance(headers: HeaderLines): SearchVariance | undefined {
  const field = combined(headers, 'no-vary-search')
  if (field === undefined || field.length > MAX_FIELD) return undefined
  try {
    const found = parseDictionary(field)
    const anyOrder = flagOrNames(found.get('key-order')) ?? false
    if (typeof anyOrder !== 'boolean') return undefined
    const variance = { anyOrder, ...whatCounts(flagOrNames(found.get('params')), flagOrNames(found.get('except'))) }
    const { only, names } = variance
    return only || anyOrder || names.length > 0 ? variance : undefined
  } catch {
    return undefined
  }
}

/**
 * `except=("id")` is what the draft says now; `params, except=("id")` and `params` alone are of its earlier versions, which
 * browsers know.
 * @throws where the two members contradict each other.
 */
function whatCounts(
  params: boolean | string[] | undefined,
  except: boolean | string[] | undefined,
): Pick<SearchVariance, 'only' | 'names'> {
  if (except === undefined) {
    return typeof params === 'object'
      ? { only: false, names: parametersOf(params) }
      : { only: params === true, names: [] }
  }
  if (typeof except === 'boolean' || (params !== undefined && params !== true))
    throw new TypeError('contradicts itself')
  return { only: true, names: parametersOf(except) }
}

function parametersOf(names: readonly string[]): string[] {
  return [...new Set(names.map(parameterOf))].sort()
}

/** @throws where it is neither a boolean nor a list of strings. */
function flagOrNames(member: ReturnType<ReturnType<typeof parseDictionary>['get']>): boolean | string[] | undefined {
  if (member === undefined) return undefined
  if (isInnerList(member)) return member[0].map(textOf)
  const [value] = member
  if (typeof value === 'boolean') return value
  throw new TypeError('neither a boolean nor a list')
}

function textOf([value]: Item): string {
  if (typeof value !== 'string') throw new TypeError('no string')
  return value
}

/** A name as parsers of queries read it. */
function parameterOf(name: string): string {
  const octets = name
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1').toString('utf8')
}

/** What counts of a query: two that have the same text are one. Pairs are read as forms are (WHATWG URL section 5.1). */
export function countingText(search: string, { anyOrder, only, names }: SearchVariance): string {
  const listed = new Set(names)
  const pairs = [...new URLSearchParams(search)].filter(([name]) => listed.has(name) === only)
  if (anyOrder) pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return JSON.stringify(pairs)
}
