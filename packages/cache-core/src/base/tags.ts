import { InvalidOptionError } from './errors.js'
import { list, text } from './option-kinds.js'

/** Most tags of one entry: with more, it would carry more marks than content. RFC 9875 section 3 asks for 32 at least. */
export const MAX_TAGS = 64
const MAX_NAME_CHARACTERS = 200

/** What the names of marks that are no application's tags begin with. */
export const RESERVED = '\0'

/** Carried by every response: a soft invalidation of it makes all of them stale. */
export const EVERYTHING = `${RESERVED}all`

/** Names of tags and namespaces. */
export const nameOption = text().to((name, option) => {
  if (isName(name)) return name
  const expected = `well-formed Unicode of at most ${MAX_NAME_CHARACTERS} characters that does not begin with NUL`
  throw new InvalidOptionError(option, `expected ${expected}`)
})

/** Whether it has the form of a tag's name. */
export function isName(text: string): boolean {
  return text !== '' && text.length <= MAX_NAME_CHARACTERS && text.isWellFormed() && !text.startsWith(RESERVED)
}

/** Tags to be invalidated, of which there may be any number. */
export const tagList = list(nameOption, 'tags', "['product:7']")

/** Tags of an entry, each once. */
export const tagsOption = tagList.to((tags, option) => {
  const distinct = [...new Set(tags)]
  if (distinct.length <= MAX_TAGS) return distinct
  throw new InvalidOptionError(option, `an entry has at most ${MAX_TAGS} tags, got ${distinct.length}`)
})

/** Each once. @throws InvalidOptionError naming `tags`. */
export function parseTags(tags: unknown): readonly string[] {
  return [...new Set(tagList.parse(tags, 'tags'))]
}
