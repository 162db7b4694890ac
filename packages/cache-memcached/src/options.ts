import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  bothCredentials,
  checkQuery,
  configOption,
  count,
  type Duration,
  duration,
  durationInQuery,
  either,
  formatHost,
  hostsOption,
  OptionTable,
  oneOf,
  overUrl,
  parseHost,
  parseStoreUrl,
  passwordOption,
  prefixOption,
  type RowsOf,
  record,
  type StoreHost,
  urlOption,
  usernameOption,
} from '@tiercel/cache-core/store-kit'
import type { Address, Bounds, TlsSettings } from './memjs/address.js'

/** What is read of a memjs `Client`. */
export interface MemcachedClient {
  readonly servers: readonly {
    readonly host: string
    readonly port: number
    readonly username?: string | undefined
    readonly password?: string | undefined
    readonly options?: { readonly timeout?: number | undefined; readonly conntimeout?: number | undefined }
  }[]
}

export interface MemcachedStoreOptions {
  /**
   * `memcached://user:password@host1:11211,host2:11211`, or `memcacheds://` for TLS. Query parameters: `timeout`,
   * `connectTimeout`, `probeInterval`.
   */
  readonly url?: string | undefined
  /** All servers, in place of `url`: `'host:port'` or `'host'` each. Default port 11211. */
  readonly servers?: readonly string[] | undefined
  /**
   * TLS to all servers: `true`, or settings of `node:tls` such as `{ ca }`. Certificates are verified. A URL that begins
   * with `memcacheds://` means `true`.
   */
  readonly tls?: true | TlsSettings | undefined
  /** For servers with SASL (mechanism PLAIN). Needs `password`. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Put before every key. Stores with different prefixes can share the servers. Default `'tiercel'`. */
  readonly prefix?: string | undefined
  /**
   * The largest value, in bytes: the servers' item limit (`-I`) less 512. Default 1 048 064, which fits memcached's own
   * limit of 1 MiB.
   */
  readonly maxValueBytes?: number | undefined
  /** How long one attempt to connect may take, including authentication. Default `'1s'`. */
  readonly connectTimeout?: Duration | undefined
  /** How long a server may owe an answer before operations on it fail at once. Default `'500ms'`. */
  readonly timeout?: Duration | undefined
  /** How long to wait after a failed attempt to connect before the next one. Default `'100ms'`. */
  readonly probeInterval?: Duration | undefined
  /**
   * Your own memjs `Client`, in place of all settings for connecting: the store uses its servers, credentials and
   * timeouts. It opens sockets of its own, since those of memjs can return corrupted values and repeat conditional
   * writes. The store neither changes nor closes the client.
   */
  readonly client?: MemcachedClient | undefined
}

export type { TlsSettings }

export interface ParsedOptions {
  readonly addresses: readonly Address[]
  readonly bounds: Bounds
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

const DEFAULT_PORT = 11_211
/** What memcached adds to a value: header, key, CAS number. Measured: 1 MiB - 512 fit with a key of 250 bytes. */
const ITEM_OVERHEAD_BYTES = 512
/** Without `-I`. */
const DEFAULT_ITEM_BYTES = 1_048_576
/** The most that `-I` takes, 1 GiB. */
const MAX_ITEM_BYTES = 1_073_741_824
const IN_QUERY = ['timeout', 'connectTimeout', 'probeInterval'] as const
const CONNECTING = ['url', 'servers', 'tls', 'username', 'password', ...IN_QUERY] as const

/** Settings that have a place elsewhere, or none, and what to do about each. */
const OWN_TLS_SETTINGS = {
  host: 'use the url or the option servers',
  port: 'use the url or the option servers',
  path: 'memcached is reached over TCP here',
  socket: 'each connection has a socket of its own',
} as const

/** What servers answer beside values (statistics, errors) fits into this. */
const OTHER_REPLIES_BYTES = 1_048_576

const OPTIONS = {
  url: urlOption('memcached://host:11211'),
  servers: hostsOption('servers'),
  tls: either(oneOf([true]), configOption<TlsSettings>('node:tls', OWN_TLS_SETTINGS)),
  username: usernameOption,
  password: passwordOption,
  prefix: prefixOption,
  maxValueBytes: count({ max: MAX_ITEM_BYTES - ITEM_OVERHEAD_BYTES }).or(DEFAULT_ITEM_BYTES - ITEM_OVERHEAD_BYTES),
  connectTimeout: duration({ min: 1 }).or('1s'),
  timeout: duration({ min: 1 }).or('500ms'),
  probeInterval: duration({ min: 1 }).or('100ms'),
  // Checked by what is read of it, not by its class, which may come from another copy of memjs.
  client: record<MemcachedClient>('a memjs Client').to(withServers),
} satisfies RowsOf<MemcachedStoreOptions>

const TABLE = new OptionTable('memcachedStore', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: MemcachedStoreOptions): ParsedOptions {
  const parsed = TABLE.read(overUrl(TABLE, options, CONNECTING, readUrl))
  const { client, servers, username, password, prefix, maxValueBytes } = parsed
  const common = { keyPrefix: prefix, maxValueBytes }
  const maxReplyBytes = Math.max(maxValueBytes + ITEM_OVERHEAD_BYTES, OTHER_REPLIES_BYTES)
  if (client !== undefined) {
    const { timeout, conntimeout } = client.servers[0]?.options ?? {}
    const bounds = TABLE.inherit({ timeout: toMs(timeout), connectTimeout: toMs(conntimeout) }, parsed)
    return { addresses: addressesOfClient(client), bounds: { ...bounds, maxReplyBytes }, ...common }
  }
  if (servers === undefined) {
    throw new InvalidOptionError('url', 'missing; give a url, servers or a client of your own')
  }
  if (options.url !== undefined && options.servers !== undefined) {
    throw new InvalidOptionError('servers', 'the url names them; give one of the two')
  }
  const tls = parsed.tls === true ? {} : parsed.tls
  const addresses = addressesOf(servers, username, password).map((address) => ({ ...address, tls }))
  refuseDuplicates(options.url === undefined ? 'servers' : 'url', addresses)
  return { addresses, bounds: { ...parsed, maxReplyBytes }, ...common }
}

/** The URL as the options that it stands for. */
function readUrl(text: string): MemcachedStoreOptions {
  const url = parseStoreUrl(text, ['memcached', 'memcacheds'])
  checkQuery(url, IN_QUERY)
  const { scheme, hosts, username, password, path } = url
  if (path.length > 0) throw new InvalidOptionError('url', `has a path, '/${path.join('/')}'; memcached has none`)
  return {
    servers: hosts.map(formatHost),
    tls: scheme === 'memcacheds' ? true : undefined,
    username,
    password,
    timeout: durationInQuery(url, 'timeout'),
    connectTimeout: durationInQuery(url, 'connectTimeout'),
    probeInterval: durationInQuery(url, 'probeInterval'),
  }
}

function withServers(client: MemcachedClient, option: string): MemcachedClient {
  const servers: unknown = client.servers
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new InvalidOptionError(option, 'expected a memjs Client with at least one server')
  }
  return client
}

function addressesOfClient({ servers }: MemcachedClient): Address[] {
  const addresses = servers.flatMap(({ host, port, username, password }) =>
    addressesOf([parseHost(formatHost({ host, port }), 'client')], username, password),
  )
  refuseDuplicates('client', addresses)
  return addresses
}

function addressesOf(
  hosts: readonly StoreHost[],
  username: string | undefined,
  password: string | undefined,
): Address[] {
  const credentials = bothCredentials(username, password)
  return hosts.map(({ host, port = DEFAULT_PORT }) => ({
    host,
    port,
    username: credentials?.username,
    password: credentials?.password,
  }))
}

/** The same server twice would be two shares of the keys on one machine, by mistake. */
function refuseDuplicates(option: string, addresses: readonly Address[]): void {
  const names = addresses.map(formatHost)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new InvalidOptionError(option, `names ${twice} twice`)
}

/** memjs counts in seconds. */
function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000
}
