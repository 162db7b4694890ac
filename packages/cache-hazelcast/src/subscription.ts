import type { Listener, SubscriptionEvents } from '@tiercel/cache-core/store'
import type { ReadResultSet, Ringbuffer } from 'hazelcast-client'

/**
 * A channel is a ringbuffer, what a reliable topic is inside. The topic itself will not do: its listener does not say
 * when it stands, spins without a pause while the client is offline, and ends without a word when a member is lost.
 */
export type Channel = Ringbuffer<Buffer>

/** How many messages one read may bring: they are in memory at once, however large they are. */
const BATCH = 100
/** Pause before a lost subscription is tried again. */
const RETRY_MS = 250

/** One listener on one channel. It reads on until `end`, and again from the newest message after a loss. */
export class Subscription {
  readonly #channel: () => Promise<Channel>
  readonly #listener: Listener
  readonly #events: SubscriptionEvents
  #ended = false

  constructor(channel: () => Promise<Channel>, listener: Listener, events: SubscriptionEvents) {
    this.#channel = channel
    this.#listener = listener
    this.#events = events
  }

  /** Resolves when every message published from now on will arrive. Rejected, nothing is subscribed. */
  async start(): Promise<void> {
    const position = await this.#join()
    void this.#run(position)
  }

  end(): void {
    this.#ended = true
  }

  async #join(): Promise<Position> {
    const channel = await this.#channel()
    const newest = await channel.tailSequence()
    return { channel, next: newest.toNumber() + 1 }
  }

  async #run(position: Position | undefined): Promise<void> {
    let up = false
    while (!this.#ended) {
      try {
        position ??= await this.#join()
        if (!up && !this.#ended) this.#events.onUp?.()
        up = true
        position = await this.#read(position)
      } catch {
        position = undefined
        if (up && !this.#ended) this.#events.onDown?.()
        up = false
        await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }

  /** Waits for messages and hands them on. */
  async #read({ channel, next }: Position): Promise<Position> {
    const batch = await channel.readMany(next, 1, BATCH)
    if (this.#ended) return { channel, next }
    const following = batch.getNextSequenceToReadFrom().toNumber()
    // Overwritten before they were read.
    if (following - batch.getReadCount() !== next) {
      this.#events.onDown?.()
      this.#events.onUp?.()
    }
    for (let index = 0; index < batch.size() && !this.#ended; index++) {
      const message = messageAt(batch, index)
      if (message !== undefined) this.#listener(message)
    }
    return { channel, next: following }
  }
}

interface Position {
  readonly channel: Channel
  /** The sequence number of the next message. */
  readonly next: number
}

/** What somebody else has put into the ring is no message: the client may not even be able to read it. */
function messageAt(batch: ReadResultSet<Buffer>, index: number): Buffer | undefined {
  try {
    const message: unknown = batch.get(index)
    return Buffer.isBuffer(message) ? message : undefined
  } catch {
    return undefined
  }
}
