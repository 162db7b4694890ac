import type { LoadMarks } from './call.js'
import { sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'

/**
 * The marks of a load whose loader has named tags: too late to be read before it, as others are. The epoch was, and every
 * invalidation of a tag renews it first; so where it is the same after the tags were read, none of them was invalidated
 * since before the load (G5). First the tags, then the epoch.
 *
 * @returns the marks; `'lost'` where something of the namespace was invalidated meanwhile, `'failed'` where that cannot
 *   be known. Never rejects.
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
 * The same for a load that stores nothing, for callers that joined it late: the epoch alone. `undefined` where nothing
 * speaks against answering them. Never rejects.
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
