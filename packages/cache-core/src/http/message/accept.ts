import { TOKEN } from './headers.js'

/** A member of a field that lists preferences (RFC 9110 section 12.4), in lower case, and its weight. */
interface Preference {
  readonly value: string
  /** 0 to 1; 0: not acceptable. */
  readonly weight: number
}

const WEIGHT = /;[\t ]*q[\t ]*=[\t ]*([\d.]*)/i

function preferences(field: string): Preference[] {
  return field
    .split(',')
    .map((member) => ({
      value: (member.split(';', 1)[0] as string).trim().toLowerCase(),
      weight: Number(WEIGHT.exec(member)?.[1] ?? 1) || 0,
    }))
    .filter(({ value }) => value !== '')
}

/** Whether an Accept field accepts this media type alone; one that lists it among others does not. */
export function acceptsOnly(field: string, mediaType: string): boolean {
  if (!field.toLowerCase().includes(mediaType)) return false
  const wanted = preferences(field).filter(({ weight }) => weight > 0)
  return wanted.length > 0 && wanted.every(({ value }) => value === mediaType)
}

/** The first of these codings that an Accept-Encoding field accepts; `undefined`: none, so the plain bytes. */
export function preferredCoding(field: string, codings: readonly string[]): string | undefined {
  const listed = preferences(field)
  const weightOf = (coding: string): number =>
    (listed.find(({ value }) => value === coding) ?? listed.find(({ value }) => value === '*'))?.weight ?? 0
  return codings.find((coding) => weightOf(coding) > 0)
}

export function isCoding(text: string): boolean {
  return TOKEN.test(text) && text !== '*' && text !== 'identity'
}

/** Longest language tag that is looked up: RFC 5646 section 4.4.1 asks for 35 characters. */
const MAX_LANGUAGE = 100

/**
 * The language, of those that an application has, with which to answer an Accept-Language field: the lookup of RFC 4647
 * section 3.4. `undefined`: none of them, so the application's default.
 * @param languages By their names in lower case.
 */
export function preferredLanguage(field: string, languages: ReadonlyMap<string, string>): string | undefined {
  const ranges = preferences(field).filter(({ value }) => value.length <= MAX_LANGUAGE)
  const refused = new Set(ranges.filter(({ weight }) => weight === 0).map(({ value }) => value))
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight)
  for (const { value } of wanted) {
    for (let range = value; range !== ''; range = shortened(range)) {
      const found = languages.get(range)
      if (found !== undefined && !refused.has(range)) return found
    }
  }
  return undefined
}

/** Without its last subtag, and without a subtag of one character that would then be the last. */
function shortened(range: string): string {
  const parts = range.split('-').slice(0, -1)
  if (parts.at(-1)?.length === 1) parts.pop()
  return parts.join('-')
}

/** A language tag as far as its form goes (RFC 5646 section 2.1). */
export function isLanguage(text: string): boolean {
  return /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/i.test(text) && text.length <= MAX_LANGUAGE
}
