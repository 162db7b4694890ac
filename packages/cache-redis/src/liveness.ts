import type { Redis } from 'ioredis'
import { mastersOf, type RedisClient } from './client.js'
import { failFast } from './fail-fast.js'

/** How often to look. A connection is given up after `failFast.socketTimeout`, or up to this much later. */
const LOOK_MS = 1_000

/** Commands that may wait on the server for as long as their sender likes. */
const BLOCKING = new Set(
  'blpop brpop brpoplpush blmove blmpop bzpopmin bzpopmax bzmpop xread xreadgroup wait waitaof'.split(' '),
)

interface Seen {
  readonly bytesRead: number
  /** When this count was first seen while a command was waiting for its answer. */
  readonly since: number
}

/**
 * For a client without `socketTimeout`. If its peer silently goes away, behind a load balancer or a cut cable, it would
 * wait until TCP gives up, which takes a quarter of an hour. So a connection that owes answers, and has sent nothing
 * for as long as the store's own client waits, is ended, and ioredis opens another one.
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
        // Without an error, which ioredis would print if the client's owner does not listen.
        stream.destroy()
      }
    }
  }
}
