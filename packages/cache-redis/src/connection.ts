// oxlint-disable-next-line typescript/triple-slash-reference -- also for packages that compile these sources as theirs
/// <reference path="./cluster-key-slot.d.ts" />
import { messageOf, report } from '@tiercel/cache-core/store-kit'
import slotOf from 'cluster-key-slot'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisClient } from './client.js'
import { errors, isReply, READ_ONLY, STORE_NAME } from './errors.js'
import { clusterSettings, failFast } from './fail-fast.js'
import { gatheringConnector } from './gathering-connector.js'
import { Link } from './link.js'
import { LinkSearch, leadsToMaster } from './link-search.js'
import type { ParsedOptions } from './options.js'
import type { ReplyLimit } from './reply-limit.js'
import { warnOfClock } from './server-clock.js'

/** How to connect: as its options say, or as another client does. */
export type Source = ParsedOptions['source'] | { readonly copyOf: RedisClient }

/**
 * The connection to the server. The first operation connects, and those that arrive meanwhile wait for it too. After
 * that, an operation without a connection fails at once, while ioredis reconnects on its own.
 */
export class Connection {
  readonly #open: () => Link
  readonly #search: LinkSearch | undefined
  /** The store's first connection, if this is its second: what is found out here concerns both. */
  readonly #other: Connection | undefined
  #link: Link
  /** The last link that was replaced; it may still owe answers. */
  #retired: Link | undefined
  #onReachable: () => void = () => {}
  #redirected = false
  #askedTheTime = false
  #closed = false
  #closing: Promise<void> | undefined

  /** @param other The store's first connection, if this is its second. */
  constructor(source: Source, limit: ReplyLimit, other?: Connection) {
    this.#open = () => linkTo(source, limit)
    this.#other = other
    this.#link = this.#use(this.#open())
    if ('client' in source || 'copyOf' in source) return
    // One of the old nodes may be back.
    const isRight = 'nodes' in source ? async () => !(await this.#link.refreshesSlots()) : leadsToMaster
    this.#search = new LinkSearch(this.#open, isRight, (link) => {
      this.#replace(link)
      if (other !== undefined) other.#replace(other.#open())
    })
  }

  /** Changes after a failover, so do not keep it. */
  get client(): RedisClient {
    return this.#link.client
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether an operation can be sent without waiting. */
  get ready(): boolean {
    return this.#link.ready && !this.#closed
  }

  /** @throws StoreClosedError, StoreUnavailableError */
  async connected(operation: string): Promise<void> {
    if (this.#closed) throw errors.closed(operation)
    const link = this.#link
    await link.open()
    if (this.#closed) throw errors.closed(operation)
    if (link.ready) return this.#askTheTime()
    const cause = link.problem
    const reason = link.client.status === 'end' ? 'the client was ended, or has given up to connect' : 'no connection'
    throw errors.notConnected(cause === undefined ? reason : messageOf(cause), cause, operation)
  }

  /** The node that holds a key; `undefined` for a single server, or if it is not known. */
  serverOf(engineKey: string): string | undefined {
    const { client } = this.#link
    if (!client.isCluster) return undefined
    return (client as Cluster).slots[clusterSlot(client as Cluster, engineKey)]?.[0]
  }

  /**
   * Which third of a cluster's slots a key is in; `undefined` without a cluster. Not its node, which is known only once
   * the cluster has answered, and can change.
   */
  partOf(engineKey: string): string | undefined {
    const { client } = this.#link
    if (!client.isCluster) return undefined
    return `third ${Math.floor((clusterSlot(client as Cluster, engineKey) * 3) / CLUSTER_SLOTS)}`
  }

  /** Takes the error of an operation: some errors say something about the connection. */
  heard(error: unknown): void {
    if (!isReply(error) || error.message.startsWith('CLUSTERDOWN')) {
      this.#link.refreshSlots(() => this.#search?.begin())
      return
    }
    if (READ_ONLY.test(error.message)) this.#search?.begin()
    if (/^(MOVED|ASK) /.test(error.message)) (this.#other ?? this).#warnOfCluster()
  }

  /** Calls the listener whenever a connection comes up. */
  onReachable(listener: () => void): void {
    this.#onReachable = listener
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** As `close`, once everything under way is answered; a cluster's at once. Nothing more may be sent. */
  async retire(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing
    this.#link.onReady.delete(this.#onReady)
    await this.#search?.close()
    this.#link.retire()
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#link.onReady.delete(this.#onReady)
    await Promise.all([this.#search?.close(), this.#retired?.release(), this.#link.release()])
  }

  #replace(link: Link): void {
    this.#retired = this.#link
    this.#retired.onReady.delete(this.#onReady)
    this.#retired.retire()
    this.#link = this.#use(link)
    this.#onReady()
  }

  #use(link: Link): Link {
    link.onReady.add(this.#onReady)
    return link
  }

  readonly #onReady = (): void => this.#onReachable()

  /** Once for each store. */
  #askTheTime(): void {
    if (this.#askedTheTime || this.#other !== undefined) return
    this.#askedTheTime = true
    void warnOfClock(this.client)
  }

  #warnOfCluster(): void {
    if (this.#redirected || this.client.isCluster) return
    this.#redirected = true
    report('store-warning', () => ({ store: STORE_NAME, message: ONE_NODE_OF_MANY }))
  }
}

function linkTo(source: Source, limit: ReplyLimit): Link {
  // On the caller's client, others may read what they like.
  if ('client' in source) return Link.shared(source.client)
  if ('copyOf' in source) return Link.own(copyOf(source.copyOf, limit))
  if ('nodes' in source) {
    const { redisOptions } = source.cluster
    return Link.own(new Cluster([...source.nodes], { ...source.cluster, redisOptions: gathering(redisOptions, limit) }))
  }
  const settings = gathering(source.config, limit)
  const redis = new Redis(settings)
  if (settings === source.config) limit.watch(redis)
  return Link.own(redis)
}

function copyOf(client: RedisClient, limit: ReplyLimit): RedisClient {
  if (client.isCluster) {
    const cluster = client as Cluster
    return cluster.duplicate([], clusterSettings({ ...cluster.options.redisOptions, ...failFast }))
  }
  const copy = (client as Redis).duplicate({ ...failFast, reconnectOnError: null, lazyConnect: true })
  limit.watch(copy)
  return copy
}

/** With the store's own way to read, unless the settings have a connector of their own: the one for Sentinel has none. */
function gathering<T extends Pick<RedisOptions, 'Connector' | 'sentinels'>>(settings: T, limit: ReplyLimit): T {
  if (settings.Connector !== undefined || settings.sentinels) return settings
  return { ...settings, Connector: gatheringConnector(limit) }
}

const ONE_NODE_OF_MANY =
  'the server is one node of a cluster, and keys that lie on the others cannot be reached through it; ' +
  "give a url of the form 'redis+cluster://host:port,host:port', or a Cluster of ioredis as client"

const CLUSTER_SLOTS = 16_384

function clusterSlot({ options }: Cluster, engineKey: string): number {
  return slotOf((options.keyPrefix ?? '') + engineKey)
}
