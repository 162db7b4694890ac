import { report } from '@tiercel/cache-core/store-kit'
import type { RedisClient } from './client.js'
import { Database } from './database.js'
import { STORE_NAME } from './errors.js'

const links = new WeakMap<RedisClient, Link>()

/**
 * What is known of one client. Stores on the same client share it, so that a hundred of them add no more listeners to
 * the client than one.
 */
export class Link {
  readonly client: RedisClient
  readonly #owned: boolean
  #users = 0
  #database: Database
  #first: Promise<void> | undefined
  #lastError: unknown

  private constructor(client: RedisClient, owned: boolean) {
    this.client = client
    this.#owned = owned
    this.#database = new Database(client)
    if (!owned) warnOfRepeats(client)
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
    this.#first ??= this.#connect()
    await this.#first.catch((error: unknown) => {
      this.#lastError ??= error
    })
    if (this.client.status === 'ready') await this.#database.confirm()
  }

  /** For who does not use it any more. A client of the caller's stays open, and is left without listeners. */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    this.client.off('close', this.#onClose)
    if (this.#owned) await disconnect(this.client)
  }

  /** Of the store's own client: ends it when what is under way has been answered. */
  retire(): void {
    const { client } = this
    client.quit().catch(() => client.disconnect())
  }

  #retain(): this {
    if (this.#users++ > 0) return this
    this.client.on('close', this.#onClose)
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

  async #connect(): Promise<void> {
    const { client } = this
    if (client.status === 'wait') return client.connect()
    if (client.status !== 'connecting' && client.status !== 'connect') return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        client.off('ready', end).off('close', end)
        resolve()
      }
      client.once('ready', end).once('close', end)
    })
  }
}

/** Ends a connection of our own; a peer that does not answer has `disconnectTimeout` to let go. */
export async function disconnect(client: RedisClient): Promise<void> {
  const open = client.status === 'connecting' || client.status === 'connect' || client.status === 'ready'
  const ended = open ? new Promise((resolve) => client.once('end', resolve)) : undefined
  client.disconnect()
  await ended
}

/** A conditional write that the driver sends twice reports a conflict with its own first attempt (rule V4). */
function warnOfRepeats(client: RedisClient): void {
  const unsafe = client.isCluster
    ? 'retryDelayOnFailover: 0'
    : 'autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0'
  const options = client.options as Readonly<Record<string, unknown>>
  const repeats = client.isCluster
    ? options.retryDelayOnFailover !== 0
    : options.autoResendUnfulfilledCommands !== false
  if (!repeats) return
  report('store-warning', () => ({
    store: STORE_NAME,
    message: `the client given to redisStore sends commands again after a lost connection, and a repeated write can report a conflict with itself; create it with ${unsafe}`,
  }))
}
