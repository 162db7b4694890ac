import type { Socket } from 'node:net'
import { report } from '@tiercel/cache-core/store-kit'
import type { Redis } from 'ioredis'
import { STORE_NAME } from './errors.js'
import { ReplyLengths } from './reply-lengths.js'

/** How long values are read one by one, each limited by the server, after a reply that was too large. */
const SINGLY_MS = 60_000

/** Replies to other commands (INFO, the keys of a SCAN) fit into this. */
const OTHER_REPLIES_BYTES = 1_048_576

/**
 * Limits the memory that a planted value can cost. MGET has no limit of its own, and ioredis collects a reply until it
 * is complete. So the connection is given up when a reply announces too much. For a while, values are then read with
 * GETRANGE, which shows what is there, so that it is replaced.
 */
export class ReplyLimit {
  /** For a value with its stamp. */
  readonly maxBytes: number
  #singlyUntil = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Whether values are read one by one for now. */
  get singly(): boolean {
    return this.#singlyUntil > 0 && performance.now() < this.#singlyUntil
  }

  /** For the replies of one connection. */
  lengths(): ReplyLengths {
    return new ReplyLengths(Math.max(this.maxBytes + 1, OTHER_REPLIES_BYTES))
  }

  /** Watches every connection that this client opens from now on. */
  watch(redis: Redis): void {
    redis.on('connect', () => {
      const { stream } = redis
      const lengths = this.lengths()
      // Ahead of ioredis, so that it never begins to collect a reply that is too large.
      stream.prependListener('data', (piece: Buffer) => {
        const bytes = lengths.tooLarge(piece)
        if (bytes !== undefined && !stream.destroyed) this.giveUp(stream, bytes)
      })
    })
  }

  /** Ends a connection on which so large a reply was announced. */
  giveUp(stream: Socket, bytes: number): void {
    this.#singlyUntil = performance.now() + SINGLY_MS
    const message = `a reply of ${bytes} bytes, more than maxValueBytes: the connection was given up`
    report('store-warning', () => ({ store: STORE_NAME, message }))
    stream.destroy(new Error(message))
  }
}
