import { hash } from 'node:crypto'
import { InvalidOptionError } from '../../base/errors.js'
import { show } from '../../base/show.js'
import { RESERVED } from '../../base/tags.js'
import { foldPath } from './resource-name.js'

/** Longer paths are replaced by their digest, since the names of marks must stay short. */
const MAX_CHARACTERS = 200

/** The first segments of a path as a URL's name has it: of `/a/b/c` with 2, `/a` and `/a/b`. */
function beginnings(path: string, depth: number): readonly string[] {
  const found: string[] = []
  let end = 0
  while (found.length < depth && end < path.length) {
    const next = path.indexOf('/', end + 1)
    end = next === -1 ? path.length : next
    if (end > 1) found.push(path.slice(0, end))
  }
  return found
}

/**
 * The tags by which a response is found under a prefix of its path: one for each of its first segments.
 * @param path Of the URL's name (`resourceName`).
 * @param depth How many at most.
 */
export function prefixTags(path: string, depth: number): readonly string[] {
  return depth === 0 ? NO_TAGS : beginnings(path, depth).map(prefixTag)
}

const NO_TAGS: readonly string[] = []

function prefixTag(path: string): string {
  const text = path.length <= MAX_CHARACTERS ? path : `#${hash('sha256', path, 'base64url')}`
  return RESERVED + text
}

/** A prefix to purge: the tags of which each response under it carries one, and how many segments it has. */
export interface Prefix {
  readonly tags: readonly string[]
  readonly depth: number
}

/**
 * Reads a prefix in two forms: as clients would send it, with other characters than ASCII escaped and `..` resolved, and as
 * it was written. @throws InvalidOptionError when no path begins like that.
 */
export function parsePrefix(prefix: unknown): Prefix {
  if (typeof prefix !== 'string' || !prefix.startsWith('/') || /[?#]/.test(prefix)) {
    throw new InvalidOptionError('prefix', `expected the beginning of a path such as '/products/', got ${show(prefix)}`)
  }
  const path = foldPath(new URL(`http://localhost${prefix}`).pathname)
  const written = foldPath(prefix)
  const depth = depthOf(path)
  const paths = depthOf(written) === depth ? new Set([path, written]) : [path]
  return { tags: Array.from(paths, prefixTag), depth }
}

function depthOf(path: string): number {
  return beginnings(path, Number.POSITIVE_INFINITY).length
}
