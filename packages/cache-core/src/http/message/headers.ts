/**
 * Field lines as they stand in a message: name, value, name, value, … in one flat list, with the original case, order
 * and repeated lines kept. The form of Node's `rawHeaders` and of `writeHead(status, lines)`, so that a hit converts
 * nothing. Every `name` that a function here takes is lower case.
 */
export type HeaderLines = readonly string[]

/** What `writeHead` and `getHeaders` of node:http hold: an object, a flat list, or a list of pairs. */
export type HeaderFields =
  | Readonly<Record<string, FieldValue | undefined>>
  | readonly (string | number)[]
  | readonly (readonly [string, FieldValue])[]

type FieldValue = string | number | readonly string[]

/** A field name, a method, a directive: RFC 9110 section 5.6.2. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Printable ASCII, tab and obs-text (RFC 9110 section 5.5): what a field value may hold, and what Node agrees to send. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

export function headerLines(fields: HeaderFields): string[] {
  const lines: string[] = []
  if (!Array.isArray(fields)) {
    for (const [name, value] of Object.entries(fields)) append(lines, name, value)
  } else if (Array.isArray(fields[0])) {
    for (const [name, value] of fields as readonly (readonly [string, FieldValue])[]) append(lines, name, value)
  } else {
    for (const item of fields as readonly (string | number)[]) lines.push(String(item))
  }
  return lines
}

function append(lines: string[], name: string, value: FieldValue | undefined): void {
  if (value === undefined) return
  if (typeof value === 'object') for (const line of value) lines.push(name, line)
  else lines.push(name, String(value))
}

/** The first line's value. */
export function first(lines: HeaderLines, name: string): string | undefined {
  for (let i = 0; i < lines.length; i += 2) {
    if (isNamed(lines[i] as string, name)) return lines[i + 1]
  }
  return undefined
}

/** The value of a field that has one line; `undefined` where it has none, or several. */
export function only(lines: HeaderLines, name: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < lines.length; i += 2) {
    if (!isNamed(lines[i] as string, name)) continue
    if (value !== undefined) return undefined
    value = lines[i + 1]
  }
  return value
}

export function all(lines: HeaderLines, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < lines.length; i += 2) {
    if (isNamed(lines[i] as string, name)) values.push(lines[i + 1] as string)
  }
  return values
}

/** All lines as one value (RFC 9110 section 5.3). Cookie is the one field that is not joined by a comma (RFC 9113, 8.2.3). */
export function combined(lines: HeaderLines, name: string): string | undefined {
  const values = all(lines, name)
  return values.length < 2 ? values[0] : values.join(name === 'cookie' ? '; ' : ', ')
}

export function has(lines: HeaderLines, name: string): boolean {
  return first(lines, name) !== undefined
}

/** The lines whose name, in lower case, passes. */
export function keep(lines: HeaderLines, passes: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    if (passes(name.toLowerCase())) kept.push(name, lines[i + 1] as string)
  }
  return kept
}

/** The members of a list field over all its lines, trimmed, empty ones left out (RFC 9110 section 5.6.1). No quoting. */
export function members(lines: HeaderLines, name: string): string[] {
  return all(lines, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim())
    .filter((member) => member !== '')
}

/** Fields of one connection, never stored (RFC 9111 section 3.1, RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** Whether a field, its name in lower case, is of one connection whatever Connection lists. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name) || name.startsWith('proxy-')
}

/** The lines without those of one connection: hop-by-hop fields, what Connection lists, and every Proxy-*. */
export function endToEnd(lines: HeaderLines): string[] {
  const listed = new Set(members(lines, 'connection').map((name) => name.toLowerCase()))
  return keep(lines, (name) => !isHopByHop(name) && !listed.has(name))
}

/** Whether the field of the line at `at` has a line before it. */
export function isRepeated(lines: HeaderLines, at: number): boolean {
  const name = lines[at] as string
  for (let i = 0; i < at; i += 2) {
    const other = lines[i] as string
    // Most names differ in length, and a copy in lower case costs more than all the rest.
    if (other.length === name.length && (other === name || other.toLowerCase() === name.toLowerCase())) return true
  }
  return false
}

/** Whether a line's name is `name`, which is lower case. */
export function isNamed(line: string, name: string): boolean {
  return line.length === name.length && (line === name || line.toLowerCase() === name)
}
