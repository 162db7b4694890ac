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

/** Whether an Accept field takes nothing but this media type: one that lists it among others is a plain request. */
export function acceptsOnly(field: string, mediaType: string): boolean {
  if (!field.toLowerCase().includes(mediaType)) return false
  const wanted = preferences(field).filter(({ weight }) => weight > 0)
  return wanted.length > 0 && wanted.every(({ value }) => value === mediaType)
}

/** The first of these codings that an Accept-Encoding field takes; `undefined`: none of them, the plain bytes. */
export function preferredCoding(field: string, codings: readonly string[]): string | undefined {
  const listed = preferences(field)
  const weightOf = (coding: string): number =>
    (listed.find(({ value }) => value === coding) ?? listed.find(({ value }) => value === '*'))?.weight ?? 0
  return codings.find((coding) => weightOf(coding) > 0)
}

export function isCoding(text: string): boolean {
  return TOKEN.test(text) && text !== '*' && text !== 'identity'
}
