import type { Redis } from 'ioredis'
import type { RedisClient } from './client.js'
import { isReply } from './errors.js'

/** How long a refusal is believed before the server is asked again: its rights may change while the connection stands. */
const ASK_AGAIN_MS = 500

/**
 * Whether one connection leads to the database that was asked for. ioredis sends the `SELECT` itself and, where the
 * server refuses it (an ACL user without the command, a number that is too high), goes on in database 0 without a word:
 * among another application's keys. So it is sent once more, and nothing else before the server has confirmed it.
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

  /** The server's last word, while it is a refusal. */
  get refusal(): Error | undefined {
    return this.#refusal
  }

  /** Resolves when the server has answered, or did so a moment ago. Never rejects. */
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
      // Every connection begins in database 0, and a client that uses no other needs no right to SELECT.
      if (wanted !== 0) await (this.#client as Redis).select(wanted)
      this.#confirmed = true
      this.#refusal = undefined
    } catch (error) {
      // Any other error is that of a lost connection, which has no further use for an answer.
      if (isReply(error)) this.#refusal = new Error(`SELECT ${wanted} was refused: ${error.message}`, { cause: error })
      this.#askAt = performance.now() + ASK_AGAIN_MS
    }
  }
}

/** What the client selects on each connection: its option, or what its owner has selected since. A cluster has database 0 only. */
function databaseOf(client: RedisClient): number {
  if (client.isCluster) return 0
  const { condition, options } = client as Redis
  return condition?.select ?? options.db ?? 0
}
