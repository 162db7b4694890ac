import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  checkQuery,
  type Duration,
  durationInQuery,
  formatHost,
  oneOf,
  parseStoreUrl,
  type StoreUrl,
  show,
  text,
} from '@tiercel/cache-core/store-kit'
import type { RedisOptions } from 'ioredis'

/** Connection settings that a URL can name. */
type Settings = Pick<
  RedisOptions,
  'host' | 'port' | 'db' | 'sentinels' | 'name' | 'username' | 'password' | 'tls' | 'family' | 'connectionName'
>

/** The options that a URL stands for. */
interface UrlOptions {
  readonly connectTimeout: Duration | undefined
  readonly cluster?: readonly string[]
  readonly config: Settings
}

export const DEFAULT_PORT = 6379
const DEFAULT_SENTINEL_PORT = 26_379

const SCHEMES = ['redis', 'rediss', 'redis+cluster', 'rediss+cluster', 'redis+sentinel', 'rediss+sentinel'] as const
const IN_QUERY = ['connectTimeout', 'family', 'connectionName'] as const

/** The IP version; 0 takes whatever the name resolves to, as networks with only IPv6 need. */
const familyOption = oneOf(['0', '4', '6']).to(Number)

/** The URL, translated into options. @throws InvalidOptionError */
export function readUrl(url: string): UrlOptions {
  const parsed = parseStoreUrl(url, SCHEMES)
  checkQuery(parsed, IN_QUERY)
  const connectTimeout = durationInQuery(parsed, 'connectTimeout')
  const config = connectionOf(parsed)
  const [, kind] = parsed.scheme.split('+')
  if (kind === 'cluster') {
    checkPath(parsed.path, 'for a cluster expected no path: it has no databases')
    return { connectTimeout, cluster: parsed.hosts.map(formatHost), config }
  }
  if (kind === 'sentinel') return { connectTimeout, config: { ...config, ...sentinelsOf(parsed) } }
  return { connectTimeout, config: { ...config, ...serverOf(parsed) } }
}

function serverOf({ hosts, path: [db, ...rest] }: StoreUrl): Settings {
  const [host, second] = hosts
  if (host === undefined || second !== undefined) {
    throw new InvalidOptionError('url', "names several hosts; for a cluster begin it with 'redis+cluster://'")
  }
  checkPath(rest, 'expected the number of a database as path')
  return { host: host.host, port: host.port ?? DEFAULT_PORT, db: databaseOf(db) }
}

function sentinelsOf({ hosts, path: [name, db, ...rest] }: StoreUrl): Settings {
  if (name === undefined) throw new InvalidOptionError('url', 'for Sentinel expected the name of the master as path')
  checkPath(rest, 'for Sentinel expected the name of the master and the number of a database as path')
  const sentinels = hosts.map(({ host, port = DEFAULT_SENTINEL_PORT }) => ({ host, port }))
  return { sentinels, name, db: databaseOf(db) }
}

function connectionOf({ scheme, username, password, query }: StoreUrl): Settings {
  const family = query.get('family')
  const connectionName = query.get('connectionName')
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(scheme.startsWith('rediss') && { tls: {} }),
    ...(family !== undefined && { family: familyOption.parse(family, 'family') }),
    ...(connectionName !== undefined && { connectionName: text().parse(connectionName, 'connectionName') }),
  }
}

function databaseOf(db = '0'): number {
  if (!/^\d{1,9}$/.test(db)) {
    throw new InvalidOptionError('url', `expected the number of a database as path, got ${show(db)}`)
  }
  return Number(db)
}

/** @param rest What must be empty. */
function checkPath(rest: readonly string[], message: string): void {
  if (rest.length > 0) throw new InvalidOptionError('url', `${message}, got ${show(rest.join('/'))}`)
}
