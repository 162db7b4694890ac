import {
  type CompareAndSetOptions,
  CounterRangeError,
  type Listener,
  type Store,
  type StoreCapabilities,
  StoreClosedError,
  type StoreEntry,
  type StoreWrite,
  type SubscriptionEvents,
  type Unsubscribe,
  ValueTooLargeError,
  type Version,
  type WriteOptions,
} from '@tiercel/cache-core/store'
import { allOrFirstError, bufferOf, type Clock, keyPrefix } from '@tiercel/cache-core/store-kit'
import type { Command, Stored } from './engine.js'
import { ENGINE_MAX_BYTES } from './engine.js'
import type { Link } from './link.js'

/** A correct store with every capability, over a link. A mutant is this store with one thing wrong. */
export class ReferenceStore implements Store {
  readonly name: string = 'reference'
  protected readonly link: Link
  protected readonly clock: Clock | undefined
  protected readonly prefix: string
  protected closed = false

  constructor(link: Link, prefix: string, clock?: Clock) {
    this.link = link
    this.clock = clock
    this.prefix = keyPrefix(prefix)
  }

  get capabilities(): StoreCapabilities {
    return {
      add: true,
      compareAndSet: true,
      touch: true,
      increment: true,
      bus: true,
      purge: true,
      shared: true,
      ttlResolutionMs: 0,
      maxKeyBytes: 250,
      maxValueBytes: ENGINE_MAX_BYTES,
    }
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    return toEntry(await this.call({ op: 'get', key: this.key(key) }))
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    this.taken('set', await this.call({ op: 'set', key: this.key(key), bytes: toText(bytes), ttl }))
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    return this.taken('add', await this.call({ op: 'add', key: this.key(key), bytes: toText(bytes), ttl }))
  }

  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    const command = {
      op: 'compareAndSet',
      key: this.key(key),
      version: sent(version),
      bytes: toText(bytes),
      ttl,
    } as const
    return this.taken('compareAndSet', await this.call(command))
  }

  async delete(key: string): Promise<boolean> {
    return (await this.call({ op: 'delete', key: this.key(key) })) === true
  }

  async compareAndDelete(key: string, version: Version): Promise<boolean> {
    return (await this.call({ op: 'compareAndDelete', key: this.key(key), version: sent(version) })) === true
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    return (await this.call({ op: 'touch', key: this.key(key), ttl })) === true
  }

  async getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    const entries = await this.call({ op: 'getMany', keys: keys.map((key) => this.key(key)) })
    return (entries as (Stored | null)[]).map(toEntry)
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allOrFirstError(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await allOrFirstError(keys.map((key) => this.delete(key)))
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    const answer = await this.call({ op: 'increment', key: this.key(key), by, ttl })
    if (answer === 'beyond')
      throw new CounterRangeError('the counter would not be exact', { store: this.name, operation: 'increment' })
    return answer as number
  }

  async ping(): Promise<void> {
    await this.call({ op: 'ping' })
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    await this.call({ op: 'publish', channel: this.key(channel), message: toText(message) })
  }

  async subscribe(
    channel: string,
    listener: Listener,
    { onUp, onDown }: SubscriptionEvents = {},
  ): Promise<Unsubscribe> {
    this.check('subscribe')
    const name = this.key(channel)
    const end = await this.link.listen({
      onMessage: (to, message) => {
        if (to === name) listener(Buffer.from(message, 'base64'))
      },
      onUp: () => onUp?.(),
      onDown: () => onDown?.(),
    })
    return async () => end()
  }

  async purge(): Promise<void> {
    await this.call({ op: 'purge', prefix: this.prefix })
  }

  async close(): Promise<void> {
    this.closed = true
    await this.link.close()
  }

  protected key(key: string): string {
    return this.prefix + key
  }

  protected async call(command: Command): Promise<unknown> {
    this.check(command.op)
    return this.link.call(command, this.clock?.now())
  }

  protected check(operation: string): void {
    if (this.closed) throw new StoreClosedError('the reference store is closed', { store: this.name, operation })
  }

  /** The version of a write; `undefined` if the engine did not write. */
  protected taken(operation: string, answer: unknown): Version | undefined {
    if (answer === 'too large') {
      throw new ValueTooLargeError('the engine does not take the value', { store: this.name, operation })
    }
    return answer ?? undefined
  }
}

/** What is no version of this store's matches nothing. */
function sent(version: Version): string {
  return typeof version === 'string' ? version : ''
}

export function toText(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64')
}

export function toEntry(stored: unknown): StoreEntry | undefined {
  if (stored === undefined || stored === null) return undefined
  const { bytes, version } = stored as Stored
  return { bytes: Buffer.from(bytes, 'base64'), version }
}
