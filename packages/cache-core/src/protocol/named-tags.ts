import type { LoadMarks } from './call.js'
import { sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'

/**
 * The marks of a load, with those of tags that its loader has added. These could not be read before the load, as the
 * others were. The epoch was, and every invalidation of a tag renews that first: if it is still the same after the tags
 * were read, none of them was invalidated since before the load (G5). So the tags are read first, then the epoch.
 *
 * @returns the marks; `'lost'` where tags of the namespace were invalidated meanwhile, `'failed'` where that cannot be
 *   known. Never rejects.
 */
export async function nameTags(
  namespace: NamespaceMark,
  marks: LoadMarks,
  tags: readonly string[] = [],
): Promise<LoadMarks | 'lost' | 'failed'> {
  const named = unknownOf(marks, tags)
  if (named.length === 0) return marks
  if (marks.epoch === undefined) return 'failed'
  try {
    const states = await Promise.all(namespace.tags(named).map((mark) => mark.ensure()))
    const epoch = await namespace.epoch.read()
    if (epoch === undefined || !sameVersion(marks.epoch.version, epoch.version)) return 'lost'
    return { ...marks, states: [...marks.states, ...states] }
  } catch {
    return 'failed'
  }
}

/**
 * The same for a load that stores nothing, on behalf of callers that joined it late: only the epoch is read. `undefined`
 * where they may be answered. Never rejects.
 */
export async function namedSince(
  namespace: NamespaceMark,
  marks: LoadMarks,
  tags: readonly string[] = [],
): Promise<'lost' | 'failed' | undefined> {
  if (unknownOf(marks, tags).length === 0) return undefined
  if (marks.epoch === undefined) return 'failed'
  try {
    const epoch = await namespace.epoch.read()
    return epoch !== undefined && sameVersion(marks.epoch.version, epoch.version) ? undefined : 'lost'
  } catch {
    return 'failed'
  }
}

function unknownOf({ states }: LoadMarks, tags: readonly string[]): readonly string[] {
  const known = new Set(states.map(({ name }) => name))
  return tags.filter((tag) => !known.has(tag))
}
