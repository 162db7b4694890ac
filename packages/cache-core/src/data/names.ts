import { nameOption } from '../base/tags.js'

/**
 * A name as part of a path, its separators escaped: `namespace('a/b')` is not `namespace('a').namespace('b')`.
 * @throws InvalidOptionError naming `namespace`.
 */
export function namespacePart(name: string): string {
  return nameOption.parse(name, 'namespace').replaceAll('%', '%25').replaceAll('/', '%2F')
}
