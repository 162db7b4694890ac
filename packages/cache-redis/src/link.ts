import { setTimeout as delay } from 'node:timers/promises'
import { report } from '@tiercel/cache-core/store-kit'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'
import { Database } from './database.js'
import { STORE_NAME } from './errors.js'
import { failFast } from './fail-fast.js'
import { Liveness } from './liveness.js'

/** Asking for the slots takes a connection of its own. */
const REFRESH_PAUSE_MS = 500

const links = new WeakMap<RedisClient, Link>()

/**
 * What is known of one client. Stores on the same client share it, so that a hundred of them add no more listeners to
 * the client than one.
 */
export class Link {
  readonly client: RedisClient
  /** Told when a connection stands that did not, of a cluster that to one of its nodes. */
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

  /** To a client that only its store knows. */
  static own(client: RedisClient): Link {
    return new Link(client, true).#retain()
  }

  /** To a client of the caller's. */
  static shared(client: RedisClient): Link {
    const link = links.get(client) ?? new Link(client, false)
    links.set(client, link)
    return link.#retain()
  }

  /** Whether an operation can be sent without waiting. */
  get ready(): boolean {
    return this.client.status === 'ready' && this.#database.confirmed
  }

  /** Why it is not ready, where that is known. */
  get problem(): unknown {
    return this.#database.refusal ?? this.#lastError
  }

  /** Waits for the first attempt to connect, and for the database; not for a connection that was lost. Never rejects. */
  async open(): Promise<void> {
    this.#first ??= this.#firstAttempt()
    await this.#first
    if (this.client.status === 'ready') await this.#database.confirm()
  }

  /** For who does not use it any more. A client of the caller's stays open, and is left without listeners. */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    this.#liveness?.end()
    this.client.off('close', this.#onClose).off('ready', this.#onReady)
    this.client.off('ready', this.#onNodes).off('+node', this.#onNodes).off('-node', this.#onNodeLost)
    for (const node of this.#nodes) node.off('ready', this.#onReady)
    if (this.#owned) await disconnect(this.client)
  }

  /**
   * A node is lost: where its slots lie now is found out, unless that was asked a moment ago.
   * @param onLost Told when none of the nodes that are known answers.
   */
  refreshSlots(onLost: () => void): void {
    const now = performance.now()
    if (!this.client.isCluster || now < this.#refreshFrom) return
    this.#refreshFrom = now + REFRESH_PAUSE_MS
    void this.refreshesSlots().then((refreshed) => {
      if (!refreshed) onLost()
    })
  }

  /** Whether one of the nodes that a cluster's client knows tells where the slots lie. */
  refreshesSlots(): Promise<boolean> {
    return new Promise((resolve) => {
      ;(this.client as Cluster).refreshSlotsCache((error) => resolve(!error))
    })
  }

  /** Of the store's own client: ends it when what is under way has been answered; from a cluster nothing will be. */
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
      // Without a listener ioredis prints. Operations tell what is wrong.
      this.client.on('error', (error: unknown) => {
        this.#lastError = error
      })
      this.client.on('ready', () => {
        this.#lastError = undefined
      })
    }
    return this
  }

  /** What was confirmed was confirmed of that connection. */
  readonly #onClose = (): void => {
    this.#database = new Database(this.client)
  }

  readonly #onReady = (): void => {
    for (const listener of this.onReady) listener()
  }

  /** Not before it is ready: until then ioredis itself has questions to them, for which it connects. */
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

  /** Bounded: behind Sentinel, and to a cluster, ioredis can try for ever. */
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

/** Until the client is connected, or is not. */
async function settled(client: RedisClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      client.off('ready', end).off('close', end)
      resolve()
    }
    client.once('ready', end).once('close', end)
  })
}

/** Where a node of a cluster is not connected, ioredis fails all but the first command to it. */
async function connectNodes(cluster: RedisClient): Promise<void> {
  await Promise.allSettled(mastersOf(cluster).map(connectNode))
}

async function connectNode(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect()
  else if (node.status === 'connecting' || node.status === 'connect') await settled(node)
}

/** Ends a connection of our own; a peer that does not answer has `disconnectTimeout` to let go. */
export async function disconnect(client: RedisClient): Promise<void> {
  const open = client.status === 'connecting' || client.status === 'connect' || client.status === 'ready'
  const ended = open ? new Promise((resolve) => client.once('end', resolve)) : undefined
  client.disconnect()
  await ended
}

/**
 * What a person should change of a client of theirs: a conditional write that is sent twice reports a conflict with its
 * own first attempt (rule V4), and a peer that is gone without a word is to be noticed by the client itself.
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

/** Of a cluster, those of the connections to its nodes. */
function connectionOptions(client: RedisClient): Pick<RedisOptions, 'connectTimeout' | 'socketTimeout'> {
  return client.isCluster ? ((client as Cluster).options.redisOptions ?? {}) : (client as Redis).options
}
