import {
  checkOptions,
  type Duration,
  InvalidOptionError,
  keyPrefix,
  parseCount,
  parseDuration,
  parseHost,
  parseStoreUrl,
  parseText,
  type StoreHost,
} from '@tiercel/cache-core/store'
import type { Address, Timings } from './memjs/address.js'

interface CommonOptions {
  /** Stands before every key. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value in bytes: the servers' item limit (`-I`) less 512. Default 1 048 064, for memcached's own limit of 1 MiB. */
  readonly maxValueBytes?: number
}

interface ConnectionOptions extends CommonOptions {
  /** How long a server may owe an answer before operations on it fail at once. Default 500 ms. */
  readonly timeout?: Duration
  /** How long connecting may take, authentication included. Default 1 s. */
  readonly connectTimeout?: Duration
  /** How long after a failed connection the next is tried. Default 250 ms. */
  readonly probeInterval?: Duration
}

interface UrlOptions extends ConnectionOptions {
  /** `memcached://user:password@host:11211,host:11211`. The other options may stand in its query. */
  readonly url: string
}

interface ServersOptions extends ConnectionOptions {
  /** `'host:port'` or `'host'` of each server. A port that is not named is 11211. */
  readonly servers: readonly string[]
  /** SASL user name, mechanism PLAIN. */
  readonly username?: string
  readonly password?: string
}

/** What is read of a memjs `Client`. */
export interface MemjsClient {
  readonly servers: readonly {
    readonly host: string
    readonly port: number
    readonly username?: string | undefined
    readonly password?: string | undefined
    readonly options?: { readonly timeout?: number | undefined; readonly conntimeout?: number | undefined }
  }[]
}

interface ClientOptions extends CommonOptions {
  /**
   * A memjs `Client` of yours: its servers, credentials and timeouts are taken over. Its sockets are not: they can
   * return corrupted values and repeat conditional writes. It is neither changed nor closed.
   */
  readonly client: MemjsClient
}

export type MemcachedStoreOptions = UrlOptions | ServersOptions | ClientOptions

/** All that the store needs to begin, checked. */
export interface Settings {
  readonly addresses: readonly Address[]
  readonly timings: Timings
  /** The text before every key. */
  readonly prefix: string
  readonly maxValueBytes: number
}

const COMMON = ['prefix', 'maxValueBytes']
const CONNECTION = [...COMMON, 'timeout', 'connectTimeout', 'probeInterval']
const URL_OPTIONS = ['url', ...CONNECTION]
const SERVERS_OPTIONS = ['servers', 'username', 'password', ...CONNECTION]
const CLIENT_OPTIONS = ['client', ...COMMON]

const DEFAULT_PORT = 11_211
/** What memcached adds to a value in its item: header, key, CAS number. Measured: 1 MiB - 512 fit with a key of 250 bytes. */
const ITEM_OVERHEAD_BYTES = 512
/** Without `-I`. */
const DEFAULT_ITEM_BYTES = 1_048_576
/** The most that `-I` takes, 1 GiB. */
const MAX_ITEM_BYTES = 1_073_741_824

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: MemcachedStoreOptions): Settings {
  if (options !== null && typeof options === 'object') {
    if ('url' in options) return parseUrlOptions(options)
    if ('client' in options) return parseClientOptions(options)
  }
  checkOptions('memcachedStore', options, SERVERS_OPTIONS)
  return parseServersOptions(options)
}

function parseUrlOptions(options: UrlOptions): Settings {
  checkOptions('memcachedStore', options, URL_OPTIONS)
  const { hosts, username, password, path, query } = parseStoreUrl(options.url, ['memcached'])
  if (path.length > 0) throw new InvalidOptionError('url', `memcached has no '/${path.join('/')}'; name only servers`)
  const inQuery: Record<string, string | number> = Object.fromEntries(query)
  if (inQuery.maxValueBytes !== undefined) inQuery.maxValueBytes = Number(inQuery.maxValueBytes)
  checkOptions('url', inQuery, CONNECTION)
  return settings({ ...inQuery, ...options }, addresses('url', hosts, username, password))
}

function parseServersOptions(options: ServersOptions): Settings {
  const { servers, username, password } = options
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new InvalidOptionError('servers', "expected ['host:port', …], or give url or client instead")
  }
  const hosts = servers.map((server) => parseHost(server, 'servers'))
  return settings(options, addresses('servers', hosts, username, password))
}

function parseClientOptions(options: ClientOptions): Settings {
  checkOptions('memcachedStore', options, CLIENT_OPTIONS)
  const servers = options.client?.servers
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new InvalidOptionError('client', 'expected a memjs Client with at least one server')
  }
  const list = (servers as MemjsClient['servers']).flatMap(({ host, port, username, password }) =>
    addresses(
      'client',
      [parseHost(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, 'client')],
      username,
      password,
    ),
  )
  refuseDuplicates('client', list)
  // memjs counts in seconds.
  const { timeout, conntimeout } = (servers as MemjsClient['servers'])[0]?.options ?? {}
  return settings(
    {
      ...options,
      ...(timeout === undefined ? {} : { timeout: timeout * 1_000 }),
      ...(conntimeout === undefined ? {} : { connectTimeout: conntimeout * 1_000 }),
    },
    list,
  )
}

function addresses(
  option: string,
  hosts: readonly StoreHost[],
  username: string | undefined,
  password: string | undefined,
): Address[] {
  if (username !== undefined) parseText('username', username)
  if (password !== undefined) parseText('password', password)
  if ((username === undefined) !== (password === undefined)) {
    throw new InvalidOptionError(username === undefined ? 'username' : 'password', 'SASL needs both, or neither')
  }
  const list = hosts.map(({ host, port = DEFAULT_PORT }) => ({ host, port, username, password }))
  refuseDuplicates(option, list)
  return list
}

/** The same server twice would be two shares of the keys on one machine, by mistake. */
function refuseDuplicates(option: string, list: readonly Address[]): void {
  const names = list.map(({ host, port }) => `${host}:${port}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new InvalidOptionError(option, `names ${twice} twice`)
}

function settings(options: ConnectionOptions, addresses: readonly Address[]): Settings {
  const prefix = keyPrefix(options.prefix)
  return {
    addresses,
    prefix,
    timings: {
      timeoutMs: parseDuration('timeout', options.timeout ?? 500, { min: 1 }),
      connectTimeoutMs: parseDuration('connectTimeout', options.connectTimeout ?? 1_000, { min: 1 }),
      probeIntervalMs: parseDuration('probeInterval', options.probeInterval ?? 250, { min: 1 }),
    },
    maxValueBytes: parseCount(
      'maxValueBytes',
      options.maxValueBytes ?? DEFAULT_ITEM_BYTES - ITEM_OVERHEAD_BYTES,
      1,
      MAX_ITEM_BYTES - ITEM_OVERHEAD_BYTES,
    ),
  }
}
