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
  const known = new Set(marks.states.map(({ name }) => name))
  const named = tags.filter((tag) => !known.has(tag))
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
