import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'
import { failFast } from './fail-fast.js'

/** How often it is looked; a connection is given up between `failFast.socketTimeout` and this much later. */
const LOOK_MS = 1_000

/** Commands that may lie with the server for as long as their sender likes. */
const BLOCKING = new Set(
  'blpop brpop brpoplpush blmove blmpop bzpopmin bzpopmax bzmpop xread xreadgroup wait waitaof'.split(' '),
)

interface Seen {
  readonly bytesRead: number
  /** When these bytes were first seen, with a command waiting for its answer. */
  readonly since: number
}

/**
 * For a client without `socketTimeout`: a peer that is gone without a word, behind a load balancer or a cut cable, would
 * be waited for until TCP gives up, which takes a quarter of an hour. A connection that owes answers and has sent nothing
 * for as long as the store's own client waits is ended, and ioredis makes another one.
 */
export class Liveness {
  readonly #client: RedisClient
  readonly #seen = new WeakMap<Redis['stream'], Seen>()
  readonly #timer: NodeJS.Timeout

  constructor(client: RedisClient) {
    this.#client = client
    this.#timer = setInterval(() => this.#look(performance.now()), LOOK_MS).unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #look(now: number): void {
    for (const { status, stream, commandQueue } of mastersOf(this.#client)) {
      if (status !== 'ready' || stream === undefined) continue
      const oldest = commandQueue.peekFront()?.command.name
      const { bytesRead } = stream
      const seen = this.#seen.get(stream)
      if (oldest === undefined || BLOCKING.has(oldest) || seen?.bytesRead !== bytesRead) {
        this.#seen.set(stream, { bytesRead, since: now })
      } else if (now - seen.since >= failFast.socketTimeout) {
        // Without an error, which ioredis would print where its owner does not listen.
        stream.destroy()
      }
    }
  }
}
