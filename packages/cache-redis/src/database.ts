import type { Redis } from 'ioredis'
import type { RedisClient } from './client.js'
import { isReply } from './errors.js'

/** How long to believe a refusal before asking the server again: rights may change while the connection is up. */
const ASK_AGAIN_MS = 500

/**
 * Whether a connection uses the database that was asked for. ioredis sends the `SELECT` itself and, if the server
 * refuses it (an ACL user without the command, a number that is too high), silently goes on in database 0, among
 * another application's keys. So the store sends it once more, and nothing else until the server has confirmed it.
 */
export class Database {
  readonly #client: RedisClient
  #confirmed = false
  #refusal: Error | undefined
  #askAt = 0
  #asking: Promise<void> | undefined

  constructor(client: RedisClient) {
    this.#client = client
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  /** The server's last answer, if it was a refusal. */
  get refusal(): Error | undefined {
    return this.#refusal
  }

  /** Resolves once the server has answered; at once if it did so a moment ago. Never rejects. */
  async confirm(): Promise<void> {
    if (this.#confirmed) return
    if (this.#asking === undefined && performance.now() < this.#askAt) return
    this.#asking ??= this.#ask()
    await this.#asking
    this.#asking = undefined
  }

  async #ask(): Promise<void> {
    const wanted = databaseOf(this.#client)
    try {
      // Every connection starts in database 0, and a client that uses no other needs no right to SELECT.
      if (wanted !== 0) await (this.#client as Redis).select(wanted)
      this.#confirmed = true
      this.#refusal = undefined
    } catch (error) {
      // Any other error means that the connection was lost, so the answer no longer matters.
      if (isReply(error)) this.#refusal = new Error(`SELECT ${wanted} was refused: ${error.message}`, { cause: error })
      this.#askAt = performance.now() + ASK_AGAIN_MS
    }
  }
}

/**
 * The database that the client selects on each connection: its option, or what its owner has selected since.
 * A cluster has database 0 only.
 */
function databaseOf(client: RedisClient): number {
  if (client.isCluster) return 0
  const { condition, options } = client as Redis
  return condition?.select ?? options.db ?? 0
}
