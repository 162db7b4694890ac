import { parseList } from 'structured-headers'
import { combined, type HeaderLines } from './headers.js'

/** A longer field is ignored: no list of names is so long, and parsing takes time by its length. Characters. */
const MAX_FIELD = 65_536

const NO_GROUPS: readonly string[] = []

/**
 * The members of Cache-Groups or Cache-Group-Invalidation (RFC 9875): a List of Strings, in which case, spaces and
 * commas count; parameters do not. A field that is no such list is as good as absent (RFC 9651 section 4.2).
 */
export function groupsOf(headers: HeaderLines, name: 'cache-groups' | 'cache-group-invalidation'): readonly string[] {
  const field = combined(headers, name)
  if (field === undefined || field.length > MAX_FIELD) return NO_GROUPS
  try {
    const groups = parseList(field).map(([value]) => value)
    return groups.every((group) => typeof group === 'string') ? groups : NO_GROUPS
  } catch {
    return NO_GROUPS
  }
}
