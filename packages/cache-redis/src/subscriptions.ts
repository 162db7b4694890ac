import type { Listener, SubscriptionEvents, Unsubscribe } from '@tiercel/cache-core/store'
import type { Redis } from 'ioredis'
import { anyMaster, type RedisClient } from './client.js'
import { failFast } from './fail-fast.js'
import { disconnect } from './link.js'
import type { ReplyLimit } from './reply-limit.js'

interface Subscriber {
  readonly listener: Listener
  readonly events: SubscriptionEvents
  up: boolean
}

/** Pause between the loss of a connection and the next attempt. */
const RETRY_MS = 250
/** A ping reveals a peer that has silently gone: at most this and `socketTimeout` later. */
const HEARTBEAT_MS = 2_000

/**
 * Subscriptions, on a connection of their own that opens with the first one. When it is lost, another one is opened (on
 * a cluster perhaps to another node: messages reach them all), until all channels are subscribed again.
 */
export class Subscriptions {
  readonly #client: () => RedisClient
  readonly #limit: ReplyLimit
  readonly #channels = new Map<string, Set<Subscriber>>()
  #session: Promise<Redis> | undefined
  #redis: Redis | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined

  constructor(client: () => RedisClient, limit: ReplyLimit) {
    this.#client = client
    this.#limit = limit
  }

  async subscribe(channel: string, listener: Listener, events: SubscriptionEvents = {}): Promise<Unsubscribe> {
    const subscriber: Subscriber = { listener, events, up: false }
    // Before the reply, since the first message can arrive in the same piece.
    this.#channels.set(channel, (this.#channels.get(channel) ?? new Set()).add(subscriber))
    const unsubscribe = (): Promise<void> => this.#unsubscribe(channel, subscriber)
    try {
      const redis = await this.#open()
      await redis.subscribe(channel)
    } catch (error) {
      await unsubscribe()
      throw error
    }
    raise(subscriber)
    return unsubscribe
  }

  async close(): Promise<void> {
    this.#channels.clear()
    clearTimeout(this.#retry)
    if (this.#redis !== undefined) await disconnect(this.#redis)
  }

  async #unsubscribe(channel: string, subscriber: Subscriber): Promise<void> {
    const subscribers = this.#channels.get(channel)
    if (subscribers === undefined || !subscribers.delete(subscriber) || subscribers.size > 0) return
    this.#channels.delete(channel)
    // If this fails, the connection is lost, and the next one does not ask for the channel.
    if (this.#redis?.status === 'ready') await this.#redis.unsubscribe(channel).catch(() => {})
  }

  #open(): Promise<Redis> {
    this.#session ??= this.#connect().catch((error: unknown) => {
      this.#session = undefined
      throw error
    })
    return this.#session
  }

  async #connect(): Promise<Redis> {
    const redis = subscriberFor(this.#client())
    this.#redis = redis
    this.#limit.watch(redis)
    redis.on('error', () => {})
    redis.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      for (const { listener } of this.#channels.get(channel.toString()) ?? []) listener(message)
    })
    redis.once('end', () => this.#lost())
    await redis.connect()
    this.#heartbeat = setInterval(() => void redis.ping().catch(() => {}), HEARTBEAT_MS).unref()
    return redis
  }

  #lost(): void {
    this.#session = undefined
    this.#redis = undefined
    clearInterval(this.#heartbeat)
    for (const subscribers of this.#channels.values()) for (const subscriber of subscribers) lower(subscriber)
    this.#restoreLater()
  }

  #restoreLater(): void {
    clearTimeout(this.#retry)
    if (this.#channels.size > 0) this.#retry = setTimeout(() => void this.#restore(), RETRY_MS)
  }

  async #restore(): Promise<void> {
    const channels = [...this.#channels.keys()]
    if (channels.length === 0) return
    try {
      const redis = await this.#open()
      await redis.subscribe(...channels)
      for (const channel of channels) for (const subscriber of this.#channels.get(channel) ?? []) raise(subscriber)
    } catch {
      // A connection that is up but refuses the channels is given up too.
      this.#redis?.disconnect()
      this.#restoreLater()
    }
  }
}

function raise(subscriber: Subscriber): void {
  if (subscriber.up) return
  subscriber.up = true
  subscriber.events.onUp?.()
}

function lower(subscriber: Subscriber): void {
  if (!subscriber.up) return
  subscriber.up = false
  subscriber.events.onDown?.()
}

/** A connection with the client's address and credentials. Its losses are handled here, not by ioredis. */
function subscriberFor(client: RedisClient): Redis {
  const node = anyMaster(client)
  return node.duplicate({
    ...failFast,
    enableReadyCheck: node.options.enableReadyCheck ?? failFast.enableReadyCheck,
    socketTimeout: node.options.socketTimeout ?? failFast.socketTimeout,
    lazyConnect: true,
    autoResubscribe: false,
    retryStrategy: null,
  })
}
