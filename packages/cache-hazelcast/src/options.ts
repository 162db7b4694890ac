import {
  checkOptions,
  InvalidOptionError,
  keyPrefix,
  parseCount,
  parseHost,
  parseStoreUrl,
  parseText,
  show,
} from '@tiercel/cache-core/store'
import { type Client, type ClientConfig, ReconnectMode } from 'hazelcast-client'

export type HazelcastClient = Awaited<ReturnType<typeof Client.newHazelcastClient>>

/** Hazelcast's own client configuration, without what the store sets itself. */
export type HazelcastConfig = Omit<
  ClientConfig,
  'clusterName' | 'connectionStrategy' | 'customLogger' | 'lifecycleListeners' | 'membershipListeners' | 'nearCaches'
>

export interface HazelcastStoreOptions {
  /** `hazelcast://user:password@host:port,host:port/map?clusterName=dev`. Port 5701 where it names none. */
  readonly url?: string
  /** Members to begin with, `'host:port'` each; the client learns of the others. Default `['127.0.0.1:5701']`. */
  readonly members?: readonly string[]
  /** The cluster's name. Default `'dev'`, which is Hazelcast's own default. */
  readonly clusterName?: string
  /** For clusters with security enabled. Given together with `password`. */
  readonly username?: string
  readonly password?: string
  /** The distributed map that holds all entries. Default `'tiercel'`. */
  readonly map?: string
  /** Stands before every key. Stores with different prefixes share a map and do not meet. Default `'tiercel'`. */
  readonly prefix?: string
  /** The largest value, in bytes. Hazelcast names no limit, but a value holds up its partition while it travels. Default 8 MiB. */
  readonly maxValueBytes?: number
  /** Further settings of the client that the store creates: TLS, load balancer, labels, properties. */
  readonly config?: HazelcastConfig
  /** Your own client, in place of all that says how to connect. It is never shut down by the store. */
  readonly client?: HazelcastClient
}

export interface ParsedOptions {
  /** The caller's client, or the configuration of one to create. */
  readonly source: { readonly client: HazelcastClient } | { readonly config: ClientConfig }
  readonly map: string
  readonly keyPrefix: string
  readonly maxValueBytes: number
}

const DEFAULT_PORT = 5701
const DEFAULT_MAX_VALUE_BYTES = 8_388_608
const CONNECTING = ['url', 'members', 'clusterName', 'username', 'password', 'config'] as const

/** @throws InvalidOptionError naming the option. */
export function parseOptions(options: HazelcastStoreOptions): ParsedOptions {
  checkOptions('hazelcastStore', options, [...CONNECTING, 'map', 'prefix', 'maxValueBytes', 'client'])
  const fromUrl = options.url === undefined ? {} : parseUrl(options.url)
  if (options.url !== undefined && options.members !== undefined) {
    throw new InvalidOptionError('members', 'the url names the members; give one of the two')
  }
  const map = parseText('map', options.map ?? fromUrl.map ?? 'tiercel')
  return {
    source: options.client === undefined ? { config: clientConfig(options, fromUrl) } : callersClient(options, map),
    map,
    keyPrefix: keyPrefix(options.prefix),
    maxValueBytes: parseCount('maxValueBytes', options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES),
  }
}

function callersClient(options: HazelcastStoreOptions, map: string): { client: HazelcastClient } {
  const { client } = options
  for (const option of CONNECTING) {
    if (options[option] !== undefined) {
      throw new InvalidOptionError(option, 'says how to connect, but a client is given; give one of the two')
    }
  }
  if (typeof client?.getMap !== 'function' || typeof client.getConfig !== 'function') {
    throw new InvalidOptionError('client', `expected a client of hazelcast-client, got ${show(client)}`)
  }
  // A near cache answers with values that were deleted elsewhere: every promise about deletes would be void.
  if (Object.hasOwn(client.getConfig().nearCaches ?? {}, map)) {
    throw new InvalidOptionError('client', `has a near cache on the map ${show(map)}; use the cache's own \`near\``)
  }
  return { client }
}

type FromUrl = Pick<HazelcastStoreOptions, 'members' | 'clusterName' | 'username' | 'password' | 'map'>

function parseUrl(url: string): FromUrl {
  const { hosts, username, password, path, query } = parseStoreUrl(url, ['hazelcast'])
  const [map, ...rest] = path
  if (rest.length > 0) throw new InvalidOptionError('url', 'expected one path segment, the name of the map')
  for (const name of query.keys()) {
    if (name !== 'clusterName') {
      throw new InvalidOptionError('url', `a hazelcast URL has no option ${show(name)}; it has clusterName`)
    }
  }
  const clusterName = query.get('clusterName')
  return {
    members: hosts.map(({ host, port = DEFAULT_PORT }) => address(host, port)),
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(map === undefined ? {} : { map }),
  }
}

/** What stands beside the URL beats what stands in it. */
function clientConfig(options: HazelcastStoreOptions, fromUrl: FromUrl): ClientConfig {
  const config = options.config ?? {}
  checkConfig(config)
  const members = fromUrl.members ?? parseMembers(options.members ?? [`127.0.0.1:${DEFAULT_PORT}`])
  const username = options.username ?? fromUrl.username
  const password = options.password ?? fromUrl.password
  if ((username === undefined) !== (password === undefined)) {
    throw new InvalidOptionError(
      username === undefined ? 'username' : 'password',
      'give username and password, or none',
    )
  }
  return {
    // Members send their backup's acknowledgement to the client itself when asked to, and a client that is not yet
    // connected to all of them waits 5 s for what never comes.
    backupAckToClientEnabled: false,
    metrics: { enabled: false },
    ...config,
    clusterName: parseText('clusterName', options.clusterName ?? fromUrl.clusterName ?? 'dev'),
    network: { connectionTimeout: CONNECT_TIMEOUT_MS, ...config.network, clusterMembers: [...members] },
    // Offline, every operation fails at once instead of waiting for a connection.
    connectionStrategy: {
      asyncStart: true,
      reconnectMode: ReconnectMode.ASYNC,
      connectionRetry: { initialBackoffMillis: 100, maxBackoffMillis: 1_000, multiplier: 2, jitter: 0.2 },
    },
    properties: {
      'hazelcast.client.heartbeat.interval': 1_000,
      'hazelcast.client.heartbeat.timeout': 5_000,
      ...config.properties,
      [RESEND_TIMEOUT]: NEVER_RESEND,
    },
    ...(username === undefined || password === undefined
      ? {}
      : {
          security: {
            usernamePassword: {
              username: parseText('username', username),
              password: parseText('password', password, { empty: true }),
            },
          },
        }),
  }
}

/** How long one TCP or TLS connection may take. */
const CONNECT_TIMEOUT_MS = 1_000

/**
 * The client sends a failed invocation again until this much time has passed since the first attempt, writes that may
 * have been executed too (`IOError`, `HazelcastInstanceNotActiveError`, `MemberLeftError`). A time that is always
 * over keeps it from that: rule V4.
 */
const RESEND_TIMEOUT = 'hazelcast.client.invocation.timeout.millis'
const NEVER_RESEND = -1

/** Settings that the store makes itself, and others that would break its promises. */
function checkConfig(config: ClientConfig): void {
  if (typeof config !== 'object' || config === null) {
    throw new InvalidOptionError('config', `expected an object of hazelcast-client's settings, got ${show(config)}`)
  }
  for (const [name, instead] of Object.entries(OWN_SETTINGS)) {
    if (Object.hasOwn(config, name)) throw new InvalidOptionError(`config.${name}`, instead)
  }
  if (config.network?.clusterMembers !== undefined) {
    throw new InvalidOptionError('config.network.clusterMembers', 'use the option members')
  }
  if (config.network?.redoOperation) {
    throw new InvalidOptionError('config.network.redoOperation', 'would repeat writes that were executed already')
  }
  if (config.properties?.[RESEND_TIMEOUT] !== undefined) {
    throw new InvalidOptionError(`config.properties['${RESEND_TIMEOUT}']`, 'is set by the store: writes are sent once')
  }
}

const OWN_SETTINGS: Readonly<Record<string, string>> = {
  clusterName: 'use the option clusterName',
  connectionStrategy: 'is set by the store: it never waits for a lost connection',
  customLogger: 'is set by the store: it prints nothing and tells diagnostics',
  lifecycleListeners: 'is set by the store; to listen, create the client yourself and pass it as client',
  membershipListeners: 'is set by the store; to listen, create the client yourself and pass it as client',
  nearCaches: "would answer with values deleted elsewhere; use the cache's own near",
}

function parseMembers(members: unknown): readonly string[] {
  if (!Array.isArray(members) || members.length === 0) {
    throw new InvalidOptionError('members', `expected at least one 'host:port', got ${show(members)}`)
  }
  return members.map((member) => {
    const { host, port = DEFAULT_PORT } = parseHost(member, 'members')
    return address(host, port)
  })
}

function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
