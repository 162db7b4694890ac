import { InvalidOptionError } from '../../base/errors.js'
import type { Option } from '../../base/option.js'
import { list, record, text } from '../../base/option-kinds.js'
import type { OptionTable, Rows } from '../../base/option-table.js'
import { parseHost, type StoreHost } from './store-url.js'

// What the stores that connect to a server have in common: `url` or the engine's own fields, `config` for the driver's
// further settings, or a `client` of the caller's in place of them all. Fields that stand beside a `url` win over it.

/** The option `url`. Never shown in an error, since a password may stand in it. */
export function urlOption(like: string): Option<string, string> {
  return text({ like, secret: true })
}

export const usernameOption = text()

export const passwordOption = text({ empty: true, secret: true })

/** Servers, each `'host:port'` or `'host'`; at least one. `items` is what they are called, in the plural. */
export function hostsOption(items: string): Option<readonly string[], readonly StoreHost[]> {
  // Not shown where it is something else: a URL with a password may have been meant.
  const host = text({ secret: true }).to(parseHost)
  return list(host, items, "['host-1:1234', 'host-2']").to((hosts, option) => {
    if (hosts.length === 0) throw new InvalidOptionError(option, 'names no server')
    return hosts
  })
}

interface Connecting {
  readonly url?: string | undefined
  readonly client?: unknown
}

/**
 * A URL is another way to write options: the options with those of their URL below them. Beside a client, which has its
 * connections already, nothing may say how to connect.
 * @param connecting The names of the options that say how to connect.
 * @param readUrl The options that stand in a URL.
 * @throws InvalidOptionError naming the option.
 */
export function overUrl<Options extends Connecting>(
  table: OptionTable<Rows>,
  options: Options,
  connecting: readonly (keyof Options & string)[],
  readUrl: (url: string) => Options,
): Options {
  const given = table.over(options, {} as Options)
  if (given.client !== undefined) refuseBesideClient(given, connecting)
  // What is no text is refused by the table.
  return typeof given.url === 'string' ? table.over(given, readUrl(given.url)) : given
}

function refuseBesideClient<Options>(options: Options, connecting: readonly (keyof Options & string)[]): void {
  const given = connecting.find((name) => options[name] !== undefined)
  if (given !== undefined) throw new InvalidOptionError(given, 'says how to connect, but a client is given')
}

/**
 * The option `config`: the driver's own settings, handed on as they are, without those that the store makes itself.
 * @param own What to do instead of each of these.
 */
export function configOption<Config extends object>(
  driver: string,
  own: Readonly<Record<string, string>>,
): Option<Config, Config> {
  return record<Config>(`an object of settings of ${driver}`).to((config, option) => {
    for (const [name, instead] of Object.entries(own)) {
      if (Object.hasOwn(config, name)) throw new InvalidOptionError(`${option}.${name}`, instead)
    }
    return config
  })
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * Both or none. An empty password is one.
 * @throws InvalidOptionError naming the one that is missing.
 */
export function bothCredentials(username: string | undefined, password: string | undefined): Credentials | undefined {
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || password === undefined) {
    const missing = username === undefined ? 'username' : 'password'
    throw new InvalidOptionError(missing, 'missing; give username and password, or neither')
  }
  return { username, password }
}
