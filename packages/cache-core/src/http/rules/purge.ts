import { InvalidOptionError } from '../../base/errors.js'
import type { CacheRequest } from '../message/message.js'
import { pathOf, searchOf } from '../message/query.js'
import type { KeyRules } from './key.js'

const ABSOLUTE = /^\s*https?:\/\//i
/** From the path on, as it was written. */
const BEHIND_AUTHORITY = /^\s*https?:\/\/[^/?#\\]*/i

/**
 * The requests that a URL to purge stands for, in two forms: as clients would send it, with other characters than ASCII
 * escaped and `..` resolved, and as it was written. The scheme does not matter: both are kept under one name.
 * @param host Of the key: where hosts share entries, path and query alone will do.
 * @throws InvalidOptionError when it is no URL that a stored response could have.
 */
export function purgeRequests(url: unknown, host: KeyRules['host']): readonly CacheRequest[] {
  const text = typeof url === 'string' ? url : ''
  const absolute = ABSOLUTE.test(text)
  if (!absolute && (host === true || !text.startsWith('/'))) {
    throw new InvalidOptionError('url', 'expected an absolute URL, http or https')
  }
  const parsed = parse(absolute ? text : `http://localhost${text}`)
  if (parsed.hash !== '' || text.includes('#'))
    throw new InvalidOptionError('url', 'has a fragment, which no request has')
  if (parsed.username !== '' || parsed.password !== '') throw new InvalidOptionError('url', 'holds credentials')
  const written = text.replace(BEHIND_AUTHORITY, '')
  const targets = new Set([parsed.pathname + parsed.search, (pathOf(written) || '/') + searchOf(written)])
  const headers = absolute ? ['Host', parsed.host] : []
  return [...targets].map((target) => ({ method: 'GET', target, headers, scheme: parsed.protocol.slice(0, -1) }))
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new InvalidOptionError('url', 'is no URL', cause)
  }
}
