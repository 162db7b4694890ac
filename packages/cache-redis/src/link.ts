import { setTimeout as delay } from 'node:timers/promises'
import { report } from '@tiercel/cache-core/store-kit'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'
import { Database } from './database.js'
import { STORE_NAME } from './errors.js'
import { failFast } from './fail-fast.js'
import { Liveness } from './liveness.js'

/** Shortest time between two requests for the slots, each of which takes a connection of its own. */
const REFRESH_PAUSE_MS = 500

const links = new WeakMap<RedisClient, Link>()

/**
 * What is known about one client. Stores on the same client share it, so that a hundred of them add no more listeners
 * to the client than one.
 */
export class Link {
  readonly client: RedisClient
  /** Called when a connection comes up; for a cluster, one to any of its nodes. */
  readonly onReady = new Set<() => void>()
  readonly #nodes = new Set<Redis>()
  readonly #owned: boolean
  #users = 0
  #refreshFrom = 0
  #liveness: Liveness | undefined
  #database: Database
  #first: Promise<void> | undefined
  #lastError: unknown

  private constructor(client: RedisClient, owned: boolean) {
    this.client = client
    this.#owned = owned
    this.#database = new Database(client)
    if (!owned) warnOf(client)
  }

  /** For a client that only its store knows. */
  static own(client: RedisClient): Link {
    return new Link(client, true).#retain()
  }

  /** For the caller's own client. */
  static shared(client: RedisClient): Link {
    const link = links.get(client) ?? new Link(client, false)
    links.set(client, link)
    return link.#retain()
  }

  /** Whether an operation can be sent without waiting. */
  get ready(): boolean {
    return this.client.status === 'ready' && this.#database.confirmed
  }

  /** Why it is not ready, if known. */
  get problem(): unknown {
    return this.#database.refusal ?? this.#lastError
  }

  /**
   * Waits for the first attempt to connect, and for the database; not for a lost connection to return. Never rejects.
   */
  async open(): Promise<void> {
    this.#first ??= this.#firstAttempt()
    await this.#first
    if (this.client.status === 'ready') await this.#database.confirm()
  }

  /** Ends one use. After the last one, our own client is closed; the caller's stays open, without our listeners. */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    this.#liveness?.end()
    this.client.off('close', this.#onClose).off('ready', this.#onReady)
    this.client.off('ready', this.#onNodes).off('+node', this.#onNodes).off('-node', this.#onNodeLost)
    for (const node of this.#nodes) node.off('ready', this.#onReady)
    if (this.#owned) await disconnect(this.client)
  }

  /**
   * Called when a node is lost. Asks where its slots are now, unless that was asked a moment ago.
   * @param onLost Called when none of the known nodes answers.
   */
  refreshSlots(onLost: () => void): void {
    const now = performance.now()
    if (!this.client.isCluster || now < this.#refreshFrom) return
    this.#refreshFrom = now + REFRESH_PAUSE_MS
    void this.refreshesSlots().then((refreshed) => {
      if (!refreshed) onLost()
    })
  }

  /** Whether one of the nodes that the cluster's client knows tells where the slots are. */
  refreshesSlots(): Promise<boolean> {
    return new Promise((resolve) => {
      ;(this.client as Cluster).refreshSlotsCache((error) => resolve(!error))
    })
  }

  /** Ends the store's own client once everything under way is answered; a cluster's at once, since nothing will be. */
  retire(): void {
    const { client } = this
    if (client.isCluster) client.disconnect()
    else client.quit().catch(() => client.disconnect())
  }

  #retain(): this {
    if (this.#users++ > 0) return this
    this.client.on('close', this.#onClose).on('ready', this.#onReady)
    if (!this.#owned && !noticesSilence(this.client)) this.#liveness = new Liveness(this.client)
    if (this.client.isCluster)
      this.client.on('ready', this.#onNodes).on('+node', this.#onNodes).on('-node', this.#onNodeLost)
    if (this.#owned) {
      // Without a listener ioredis prints the errors. Operations report what is wrong.
      this.client.on('error', (error: unknown) => {
        this.#lastError = error
      })
      this.client.on('ready', () => {
        this.#lastError = undefined
      })
    }
    return this
  }

  /** The database was confirmed only for the connection that has closed. */
  readonly #onClose = (): void => {
    this.#database = new Database(this.client)
  }

  readonly #onReady = (): void => {
    for (const listener of this.onReady) listener()
  }

  /** Not before the client is ready: until then ioredis itself queries the nodes, and connects to them for that. */
  readonly #onNodes = (): void => {
    if (this.client.status !== 'ready') return
    for (const node of mastersOf(this.client)) {
      if (!this.#nodes.has(node)) node.on('ready', this.#onReady)
      this.#nodes.add(node)
    }
    void connectNodes(this.client)
  }

  readonly #onNodeLost = (node: Redis): void => {
    node.off('ready', this.#onReady)
    this.#nodes.delete(node)
  }

  /** Limited in time: behind Sentinel, and to a cluster, ioredis may go on trying for ever. */
  async #firstAttempt(): Promise<void> {
    const { connectTimeout } = connectionOptions(this.client)
    const attempt = this.#connect().catch((error: unknown) => {
      this.#lastError ??= error
    })
    await Promise.race([attempt, delay(connectTimeout ?? failFast.connectTimeout, undefined, { ref: false })])
  }

  async #connect(): Promise<void> {
    const { client } = this
    if (client.status === 'wait') await client.connect()
    else if (client.status === 'connecting' || client.status === 'connect') await settled(client)
    if (client.isCluster) await connectNodes(client)
  }
}

/** Resolves when the client is connected, or has failed to connect. */
async function settled(client: RedisClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      client.off('ready', end).off('close', end)
      resolve()
    }
    client.once('ready', end).once('close', end)
  })
}

/** ioredis fails all but the first command to a cluster node that is not connected. */
async function connectNodes(cluster: RedisClient): Promise<void> {
  await Promise.allSettled(mastersOf(cluster).map(connectNode))
}

async function connectNode(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect()
  else if (node.status === 'connecting' || node.status === 'connect') await settled(node)
}

/** Ends a connection of our own. Waits `disconnectTimeout` at most for a peer that does not answer. */
export async function disconnect(client: RedisClient): Promise<void> {
  const open = client.status === 'connecting' || client.status === 'connect' || client.status === 'ready'
  const ended = open ? new Promise((resolve) => client.once('end', resolve)) : undefined
  client.disconnect()
  await ended
}

/**
 * Warns about settings that the owner of a client should change: a conditional write that is sent twice reports a
 * conflict with its own first attempt (rule V4), and the client itself should notice a peer that has silently gone.
 */
function warnOf(client: RedisClient): void {
  const options = client.options as Readonly<Record<string, unknown>>
  const repeats = client.isCluster
    ? options.retryDelayOnFailover !== 0
    : options.autoResendUnfulfilledCommands !== false
  const faults = [
    repeats && 'sends commands again after a lost connection, and a repeated write can report a conflict with itself',
    client.isCluster && options.enableOfflineQueue !== false && 'queues commands while a node is away',
    client.isCluster &&
      options.scaleReads !== 'master' &&
      'reads from replicas, where what was deleted is still found (scaleReads)',
    !noticesSilence(client) && 'has no socketTimeout, so that the store has to end connections whose peer is gone',
  ].filter((fault) => fault !== false)
  if (faults.length === 0) return
  const advice = client.isCluster
    ? 'failFastCluster (retryDelayOnFailover: 0, enableOfflineQueue: false, redisOptions.socketTimeout)'
    : 'failFast (autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, socketTimeout)'
  report('store-warning', () => ({
    store: STORE_NAME,
    message: `the client given to redisStore ${faults.join('; it also ')}; create it with ${advice}`,
  }))
}

function noticesSilence(client: RedisClient): boolean {
  return connectionOptions(client).socketTimeout !== undefined
}

/** For a cluster, the options of the connections to its nodes. */
function connectionOptions(client: RedisClient): Pick<RedisOptions, 'connectTimeout' | 'socketTimeout'> {
  return client.isCluster ? ((client as Cluster).options.redisOptions ?? {}) : (client as Redis).options
}
