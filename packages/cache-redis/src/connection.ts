import { messageOf, report } from '@tiercel/cache-core/store-kit'
import { Redis } from 'ioredis'
import type { RedisClient } from './client.js'
import { errors, STORE_NAME } from './errors.js'
import type { ParsedOptions } from './options.js'

/**
 * The way to the server. The first operation connects, and those that come meanwhile wait with it; after that an
 * operation without a connection fails at once, while ioredis reconnects by itself.
 */
export class Connection {
  readonly client: RedisClient
  readonly #owned: boolean
  #first: Promise<void> | undefined
  #lastError: unknown
  #closed = false

  constructor(source: ParsedOptions['source']) {
    this.#owned = 'config' in source
    if ('config' in source) {
      this.client = new Redis(source.config)
      // Without a listener ioredis prints. Operations tell what is wrong.
      this.client.on('error', (error) => {
        this.#lastError = error
      })
      this.client.on('ready', () => {
        this.#lastError = undefined
      })
    } else {
      this.client = source.client
      warnOfRepeats(source.client)
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether an operation can be sent without waiting. */
  get ready(): boolean {
    return this.client.status === 'ready' && !this.#closed
  }

  /** @throws StoreClosedError, StoreUnavailableError */
  async connected(operation: string): Promise<void> {
    if (this.#closed) throw errors.closed(operation)
    this.#first ??= this.#connect()
    await this.#first.catch((error: unknown) => {
      this.#lastError ??= error
    })
    if (this.#closed) throw errors.closed(operation)
    if (this.client.status === 'ready') return
    const cause = this.#lastError
    throw errors.notConnected(cause === undefined ? 'no connection' : messageOf(cause), cause, operation)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#owned) await disconnect(this.client)
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
