import type { Duration } from '../../base/duration.js'
import { InvalidOptionError } from '../../base/errors.js'
import { nearest } from '../../base/nearest.js'
import { show } from '../../base/show.js'

export interface StoreHost {
  readonly host: string
  /** `undefined`: the engine's usual port. */
  readonly port: number | undefined
}

/** A store URL taken apart. All texts are percent-decoded. */
export interface StoreUrl {
  readonly scheme: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** At least one. */
  readonly hosts: readonly StoreHost[]
  /** The path's segments: `/bucket/scope` is `['bucket', 'scope']`. */
  readonly path: readonly string[]
  readonly query: ReadonlyMap<string, string>
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i
const HOST = /^(\[[0-9a-f:.]+\]|[^:@[\]\s]+)(?::(\d{1,5}))?$/i
const PASSWORD_HINT = "'/', '?', '#' and '@' in a password are written as percent escapes"
const HOST_FORM = 'expected host:port with a port from 1 to 65535'

/**
 * Parses `scheme://user:password@host:port,host:port/path?option=value`. The WHATWG parser refuses several hosts with
 * ports, hence our own. A password never stands in an error.
 * @throws InvalidOptionError naming `option` (default `url`).
 */
export function parseStoreUrl(text: unknown, schemes: readonly string[], option = 'url'): StoreUrl {
  const form = `${schemes[0]}://host:port`
  if (typeof text !== 'string') throw new InvalidOptionError(option, `expected a string like '${form}'`)
  const match = URL_PARTS.exec(text.trim())
  if (match === null) throw new InvalidOptionError(option, `not a store URL; expected the form '${form}'`)
  const [, rawScheme = '', userInfo, authority = '', rawPath = '', rawQuery = ''] = match
  const scheme = rawScheme.toLowerCase()
  if (!schemes.includes(scheme)) {
    throw new InvalidOptionError(
      option,
      `unknown scheme '${scheme}:'; expected ${schemes.map((s) => `'${s}:'`).join(' or ')}`,
    )
  }
  // `redis://user:1234/more@host` would be host `user`, port 1234, and the rest of a password where others show a path.
  if (`${rawPath}?${rawQuery}`.includes('@')) {
    throw new InvalidOptionError(option, `has an '@' behind the hosts; ${PASSWORD_HINT}`)
  }
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part)
    } catch {
      throw new InvalidOptionError(option, 'has a broken percent escape')
    }
  }
  const [username, password] = splitOnce(userInfo ?? '', ':')
  return {
    scheme,
    username: username === '' ? undefined : decode(username),
    password: password === undefined ? undefined : decode(password),
    hosts: authority.split(',').map((text, index) => {
      const host = readHost(text)
      // The text is not shown: where a separator in a password was not escaped, this is a part of the password.
      if (host === undefined) {
        throw new InvalidOptionError(option, `host ${index + 1}: ${HOST_FORM}; ${PASSWORD_HINT}`)
      }
      return host
    }),
    path: rawPath
      .split('/')
      .filter((segment) => segment !== '')
      .map(decode),
    query: new Map(
      rawQuery
        .split('&')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const [name, value = ''] = splitOnce(pair, '=')
          return [decode(name), decode(value)] as const
        }),
    ),
  }
}

/**
 * One `host`, `host:port`, `[::1]` or `[::1]:port`.
 * @throws InvalidOptionError naming `option`.
 */
export function parseHost(text: unknown, option: string): StoreHost {
  const host = readHost(text)
  if (host === undefined) {
    const shown = typeof text === 'string' && text.includes('@') ? 'a text with a user' : show(text)
    throw new InvalidOptionError(option, `${HOST_FORM}, got ${shown}`)
  }
  return host
}

/** `host:port`, with an IPv6 address in brackets; `host` alone where there is no port. */
export function formatHost({ host, port }: StoreHost): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === undefined ? name : `${name}:${port}`
}

/** @throws InvalidOptionError when the query has an option that is not `known`. */
export function checkQuery({ query }: StoreUrl, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const meant = nearest(name, known)
      const advice = meant === undefined ? 'it' : `did you mean '${meant}'? It`
      throw new InvalidOptionError('url', `has no option ${show(name)}; ${advice} has ${known.join(', ')}`)
    }
  }
}

/** A duration in the query as a caller would write it: without a unit it becomes a number. Validated when the option is read. */
export function durationInQuery({ query }: StoreUrl, name: string): Duration | undefined {
  const text = query.get(name)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : (text as Duration | undefined)
}

function readHost(text: unknown): StoreHost | undefined {
  const match = typeof text === 'string' ? HOST.exec(text.trim()) : null
  if (match === null) return undefined
  const port = match[2] === undefined ? undefined : Number(match[2])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
