import { RecentMap } from '../../base/recent-map.js'
import { type HeaderLines, isHopByHop } from '../message/headers.js'

/**
 * The text of a stored response, one string a line: the reason phrase, then name, value, name, value, then the names
 * `added` and the names `removed`. Its middle, split, is the list that `writeHead` takes.
 */
export interface StoredText {
  readonly statusText: string
  readonly headers: HeaderLines
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export interface ReadText extends StoredText {
  /** What Content-Length says, where it stands there. */
  readonly length: string | undefined
  /** Whether Set-Cookie stands there. */
  readonly makesCookies: boolean
}

/** Longest text. No server sends so much: node:http itself accepts 16 KiB of field lines. */
export const MAX_TEXT_BYTES = 262_144

/** Most field lines of one response, and most names in each of the two lists. Node itself reads no more in a message. */
const MAX_LINES = 2_000

/** Lines other than fields: the phrase, `added`, `removed`. */
const OTHER_LINES = 3

/** A reason phrase, names (tokens) and values as Node agrees to send them, two lists of names. */
const TEXT =
  /^[\t\x20-\x7e\x80-\xff]*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n[\t\x20-\x7e\x80-\xff]*)*(?:\n[!#$%&'*+\-.^_`|~0-9A-Za-z,]*){2}$/

/** Memory for texts that were checked, in characters: checking one on every hit would be most of what a hit costs. */
const MAX_REMEMBERED_CHARACTERS = 2_097_152

/** Valid texts, and what they say. */
const remembered = new RecentMap<string, ReadText>(MAX_REMEMBERED_CHARACTERS, (_, text) => text.length)

/** `undefined`: some field cannot be sent again. */
export function joinText({ statusText, headers, added, removed }: StoredText): string | undefined {
  const text = [statusText, ...headers, added.join(), removed.join()].join('\n')
  const lines = headers.length + OTHER_LINES
  return text.length > MAX_TEXT_BYTES || !TEXT.test(text) || text.split('\n').length !== lines ? undefined : text
}

/** @returns `undefined` where this cache would not have made it. */
export function readText(text: string): ReadText | undefined {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const read = TEXT.test(text) ? checked(text.split('\n').map(ofItsOwn)) : undefined
  if (read !== undefined) remembered.set(text, read)
  return read
}

/**
 * Otherwise somebody with access to the store could split responses on a connection, with a Content-Length that is not the
 * body's, or keep the process busy with a million lines.
 */
function checked(headers: string[]): ReadText | undefined {
  const statusText = headers.shift() as string
  const removed = names(headers.pop() as string)
  const added = names(headers.pop() as string)
  if (headers.length > 2 * MAX_LINES || added.length > MAX_LINES || removed.length > MAX_LINES) return undefined
  let length: string | undefined
  let makesCookies = false
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (name === 'age' || isHopByHop(name)) return undefined
    makesCookies ||= name === 'set-cookie'
    if (name !== 'content-length') continue
    if (length !== undefined) return undefined
    length = headers[i + 1] as string
  }
  return { statusText, headers, added, removed, length, makesCookies }
}

/** A copy: of a slice each hit would have to look up the text that it is a part of. */
function ofItsOwn(line: string): string {
  return Buffer.from(line, 'latin1').toString('latin1')
}

const NO_NAMES: readonly string[] = []

function names(line: string): readonly string[] {
  return line === '' ? NO_NAMES : line.split(',')
}
