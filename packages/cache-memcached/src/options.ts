import { InvalidOptionError } from '@tiercel/cache-core/store'
import {
  checkOptions,
  checkQuery,
  type Duration,
  durationInQuery,
  formatHost,
  keyPrefix,
  parseCount,
  parseCredentials,
  parseDuration,
  parseHost,
  parseStoreUrl,
  refuseBesideClient,
  type StoreHost,
  show,
} from '@tiercel/cache-core/store-kit'
import type { Address, Timings } from './memjs/address.js'

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
  /** `memcached://user:password@host:11211,host:11211`. In the query: `timeout`, `connectTimeout`, `probeInterval`. */
  readonly url?: string
  /** In place of `url`: `'host:port'` or `'host'` of each server. A port that is not named is 11211. */
  readonly servers?: readonly string[]
  /** SASL user name, mechanism PLAIN. Given together with `password`. */
  readonly username?: string
  readonly password?: string
  /** Stands before every key. Stores with different prefixes share a server and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value, in bytes: the servers' item limit (`-I`) less 512. Default 1 048 064, for memcached's own limit of 1 MiB. */
  readonly maxValueBytes?: number
  /** How long connecting may take, authentication included. Default `'1s'`. */
  readonly connectTimeout?: Duration
  /** How long a server may owe an answer before operations on it fail at once. Default `'500ms'`. */
  readonly timeout?: Duration
  /** How long after a failed connection the next is tried. Default `'250ms'`. */
  readonly probeInterval?: Duration
  /**
   * A memjs `Client` of yours, in place of all that says how to connect: its servers, credentials and timeouts are
   * taken over. Its sockets are not: they can return corrupted values and repeat conditional writes. It is neither
   * changed nor closed.
   */
  readonly client?: MemcachedClient
}

export interface ParsedOptions {
  readonly addresses: readonly Address[]
  readonly timings: Timings
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

const DEFAULT_PORT = 11_211
/** What memcached adds to a value in its item: header, key, CAS number. Measured: 1 MiB - 512 fit with a key of 250 bytes. */
const ITEM_OVERHEAD_BYTES = 512
/** Without `-I`. */
const DEFAULT_ITEM_BYTES = 1_048_576
/** The most that `-I` takes, 1 GiB. */
const MAX_ITEM_BYTES = 1_073_741_824
const IN_QUERY = ['timeout', 'connectTimeout', 'probeInterval'] as const
const CONNECTING = ['url', 'servers', 'username', 'password', ...IN_QUERY] as const

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: MemcachedStoreOptions): ParsedOptions {
  checkOptions('memcachedStore', options, [...CONNECTING, 'prefix', 'maxValueBytes', 'client'])
  return {
    ...(options.client === undefined ? serversOf(options) : serversOfClient(options)),
    keyPrefix: keyPrefix(options.prefix),
    maxValueBytes: parseCount(
      'maxValueBytes',
      options.maxValueBytes ?? DEFAULT_ITEM_BYTES - ITEM_OVERHEAD_BYTES,
      1,
      MAX_ITEM_BYTES - ITEM_OVERHEAD_BYTES,
    ),
  }
}

type Servers = Pick<ParsedOptions, 'addresses' | 'timings'>

/** By what is read of it, not by its class: it may come from another copy of memjs. */
function serversOfClient(options: MemcachedStoreOptions): Servers {
  refuseBesideClient(options, CONNECTING)
  const given: unknown = options.client?.servers
  if (!Array.isArray(given) || given.length === 0) {
    throw new InvalidOptionError('client', 'expected a memjs Client with at least one server')
  }
  const servers = given as MemcachedClient['servers']
  const { timeout, conntimeout } = servers[0]?.options ?? {}
  const addresses = servers.flatMap(({ host, port, username, password }) =>
    addressesOf([parseHost(formatHost({ host, port }), 'client')], username, password),
  )
  refuseDuplicates('client', addresses)
  return { addresses, timings: parseTimings({ timeout: toMs(timeout), connectTimeout: toMs(conntimeout) }) }
}

/** What stands beside the URL wins over what stands in it. */
function serversOf(options: MemcachedStoreOptions): Servers {
  const fromUrl = options.url === undefined ? undefined : parseUrl(options.url)
  if (fromUrl !== undefined && options.servers !== undefined) {
    throw new InvalidOptionError('servers', 'the url names them; give one of the two')
  }
  const addresses = addressesOf(
    fromUrl?.hosts ?? parseServers(options.servers),
    options.username ?? fromUrl?.username,
    options.password ?? fromUrl?.password,
  )
  refuseDuplicates(fromUrl === undefined ? 'servers' : 'url', addresses)
  return {
    addresses,
    timings: parseTimings({
      timeout: options.timeout ?? fromUrl?.timeout,
      connectTimeout: options.connectTimeout ?? fromUrl?.connectTimeout,
      probeInterval: options.probeInterval ?? fromUrl?.probeInterval,
    }),
  }
}

function parseUrl(text: string) {
  const url = parseStoreUrl(text, ['memcached'])
  checkQuery(url, IN_QUERY)
  const { hosts, username, password, path } = url
  if (path.length > 0) throw new InvalidOptionError('url', `has a path, '/${path.join('/')}'; memcached has none`)
  return {
    hosts,
    username,
    password,
    timeout: durationInQuery(url, 'timeout'),
    connectTimeout: durationInQuery(url, 'connectTimeout'),
    probeInterval: durationInQuery(url, 'probeInterval'),
  }
}

function parseServers(servers: unknown): StoreHost[] {
  if (servers === undefined) throw new InvalidOptionError('url', 'missing; give a url, servers or a client of your own')
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new InvalidOptionError('servers', `expected at least one 'host:port', got ${show(servers)}`)
  }
  return servers.map((server) => parseHost(server, 'servers'))
}

function addressesOf(hosts: readonly StoreHost[], username: unknown, password: unknown): Address[] {
  const credentials = parseCredentials(username, password)
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

function parseTimings({ timeout, connectTimeout, probeInterval }: Record<string, unknown>): Timings {
  return {
    timeoutMs: parseDuration('timeout', timeout ?? 500, { min: 1 }),
    connectTimeoutMs: parseDuration('connectTimeout', connectTimeout ?? 1_000, { min: 1 }),
    probeIntervalMs: parseDuration('probeInterval', probeInterval ?? 250, { min: 1 }),
  }
}

/** memjs counts in seconds. */
function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000
}
