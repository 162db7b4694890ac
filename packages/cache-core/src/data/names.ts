import { InvalidOptionError } from '../base/errors.js'
import { list, text } from '../base/option-kinds.js'

/** Beyond this an entry would carry more marks than bytes. RFC 9875 section 3 asks for 32 at least. */
const MAX_TAGS = 64
const MAX_NAME_CHARACTERS = 200

const nameOption = text().to((name, option) => {
  if (name.isWellFormed() && name.length <= MAX_NAME_CHARACTERS) return name
  throw new InvalidOptionError(option, `expected well-formed Unicode of at most ${MAX_NAME_CHARACTERS} characters`)
})

/** Tags of an entry, each once. */
export const tagsOption = list(nameOption, 'tags', "['product:7']").to((tags, option) => {
  const distinct = [...new Set(tags)]
  if (distinct.length <= MAX_TAGS) return distinct
  throw new InvalidOptionError(option, `an entry has at most ${MAX_TAGS} tags, got ${distinct.length}`)
})

/** Tags to be invalidated, of which there may be any number. */
const tagList = list(nameOption, 'tags', "['product:7']")

/** @throws InvalidOptionError naming `namespace`. */
function parseNamespace(name: unknown): string {
  return nameOption.parse(name, 'namespace')
}

/** Each once. @throws InvalidOptionError naming `tags`. */
export function parseTags(tags: unknown): readonly string[] {
  return [...new Set(tagList.parse(tags, 'tags'))]
}

/**
 * A name as part of a path, its separators escaped: `namespace('a/b')` is not `namespace('a').namespace('b')`.
 * @throws InvalidOptionError naming `namespace`.
 */
export function namespacePart(name: string): string {
  return parseNamespace(name).replaceAll('%', '%25').replaceAll('/', '%2F')
}
