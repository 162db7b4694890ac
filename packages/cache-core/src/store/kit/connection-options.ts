import { InvalidOptionError } from '../../base/errors.js'
import { parseText } from '../../base/options.js'
import { show } from '../../base/show.js'

// What the stores that connect to a server have in common: `url` or the engine's own fields, `config` for the driver's
// further settings, or a `client` of the caller's in place of them all. Fields that stand beside a `url` win over it.

/**
 * The options that say how to connect, where a client is given that has its connections already.
 * @throws InvalidOptionError naming the first one that is there.
 */
export function refuseBesideClient<Name extends string>(
  options: { readonly [Option in Name]?: unknown },
  connecting: readonly Name[],
): void {
  const given = connecting.find((name) => options[name] !== undefined)
  if (given !== undefined) throw new InvalidOptionError(given, 'says how to connect, but a client is given')
}

/**
 * The driver's own settings, handed on as they are, without those that the store makes itself: `own` says of each what
 * to do instead.
 * @throws InvalidOptionError naming the setting, as `config.<name>`.
 */
export function checkDriverConfig(config: unknown, driver: string, own: Readonly<Record<string, string>>): void {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new InvalidOptionError('config', `expected an object of settings of ${driver}, got ${show(config)}`)
  }
  for (const [name, instead] of Object.entries(own)) {
    if (Object.hasOwn(config, name)) throw new InvalidOptionError(`config.${name}`, instead)
  }
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * Both or none. An empty password is one.
 * @throws InvalidOptionError naming the one that is missing or wrong.
 */
export function parseCredentials(username: unknown, password: unknown): Credentials | undefined {
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || password === undefined) {
    const missing = username === undefined ? 'username' : 'password'
    throw new InvalidOptionError(missing, 'missing; give username and password, or neither')
  }
  return { username: parseText('username', username), password: parseText('password', password, { empty: true }) }
}
