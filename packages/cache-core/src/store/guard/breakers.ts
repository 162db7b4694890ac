import type { Clock } from '../../base/clock.js'
import { report } from '../../base/diagnostics.js'
import type { OperationKind } from '../kit/store-errors.js'
import type { Store } from '../store.js'
import { Breaker } from './breaker.js'
import type { Deadlines } from './deadlines.js'
import { signOf } from './sign.js'

/** More than any cluster has. Beyond it, as where a store names a server for every key, servers get no breakers. */
const MAX_SERVERS = 1_000

/** What breakers write, to find out whether a server takes writes: the first of these keys that lies on it. Nobody reads them. */
const OWN_KEY = 'tiercel:breaker:'
const MOST_OWN_KEYS = 10_000
const OWN_KEY_TTL_MS = 10_000
const NOTHING = new Uint8Array(0)

type Pair = Readonly<Record<OperationKind, Breaker>>

/**
 * The circuit breakers of a store's servers, two each: where only writes fail, as on a master whose writes are paused,
 * reads go on. A server has breakers only while something is held against it, so that a healthy store costs each operation
 * a look at an empty map.
 */
export class Breakers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #deadlines: Readonly<Record<OperationKind, Deadlines>>
  readonly #troubled = new Map<string | undefined, Pair>()
  readonly #onClosed = new Set<() => void>()

  constructor(store: Store, clock: Clock, deadlines: Readonly<Record<OperationKind, Deadlines>>) {
    this.#store = store
    this.#clock = clock
    this.#deadlines = deadlines
    store.onReachable?.(() => {
      for (const { read, write } of this.#troubled.values()) {
        read.news()
        write.news()
      }
    })
  }

  /** @param listener Called when operations are sent again that were not. @returns Ends that. */
  onClosed(listener: () => void): () => void {
    this.#onClosed.add(listener)
    return () => void this.#onClosed.delete(listener)
  }

  /** Nothing is held against any server. */
  get idle(): boolean {
    return this.#troubled.size === 0
  }

  /** Servers whose reads are not sent now. */
  get open(): number {
    let count = 0
    for (const { read } of this.#troubled.values()) if (read.state !== 'closed') count++
    return count
  }

  /** Why an operation may not be sent now. @param key What it is about, where that is one key, or several of one server. */
  refusal(kind: OperationKind, key: string | undefined): Error | undefined {
    if (this.idle) return undefined
    const pair = this.#troubled.get(this.#serverOf(key))
    return pair?.read.refusal ?? pair?.[kind].refusal
  }

  /** Takes a read that was refused, whose caller does not wait for it. */
  offer(key: string | undefined, send: () => Promise<unknown>): void {
    this.#troubled.get(this.#serverOf(key))?.read.offer(send)
  }

  answered(kind: OperationKind, key: string | undefined): void {
    if (this.idle) return
    const server = this.#serverOf(key)
    const pair = this.#troubled.get(server)
    if (pair === undefined) return
    pair[kind].answered()
    if (pair.read.clean && pair.write.clean) this.#troubled.delete(server)
  }

  failed(kind: OperationKind, key: string | undefined, error: Error): void {
    const sign = signOf(kind, error)
    const server = this.#serverOf(key)
    const pair = this.#troubled.get(server) ?? (sign === 'dead' ? this.#accuse(server) : undefined)
    pair?.[kind].failed(error, key, sign)
  }

  /** An operation that was given up was answered after all. */
  answeredLate(kind: OperationKind, key: string | undefined): void {
    this.#troubled.get(this.#serverOf(key))?.[kind].news()
  }

  /** For good. */
  end(): void {
    for (const pair of this.#troubled.values()) {
      pair.read.end()
      pair.write.end()
    }
    this.#troubled.clear()
  }

  #serverOf(key: string | undefined): string | undefined {
    return key === undefined ? undefined : this.#store.serverOf?.(key)
  }

  #accuse(server: string | undefined): Pair | undefined {
    if (this.#troubled.size >= MAX_SERVERS) return undefined
    const pair = { read: this.#breaker(server, 'read'), write: this.#breaker(server, 'write') }
    this.#troubled.set(server, pair)
    return pair
  }

  #breaker(server: string | undefined, kind: OperationKind): Breaker {
    return new Breaker({
      clock: this.#clock,
      deadlines: this.#deadlines[kind],
      ask: (key) => this.#ask(kind, server, key),
      onChange: (state, reason) => {
        if (state === 'open') this.#store.goAround?.(this.#ownKeyOn(server))
        report('breaker', () => ({ store: this.#store.name, server, kind, state, reason }))
        if (state === 'closed') for (const listener of this.#onClosed) listener()
      },
    })
  }

  /** Whether it takes writes shows only by one, since it may hold them back and answer all else. */
  async #ask(kind: OperationKind, server: string | undefined, key: string | undefined): Promise<void> {
    if (kind === 'write') await this.#store.set(this.#ownKeyOn(server), NOTHING, { ttl: OWN_KEY_TTL_MS })
    else if (key === undefined) await this.#store.ping()
    else await this.#store.get(key)
  }

  #ownKeyOn(server: string | undefined): string {
    for (let number = 0; number < MOST_OWN_KEYS; number++) {
      const key = `${OWN_KEY}${number}`
      if (this.#serverOf(key) === server) return key
    }
    return OWN_KEY
  }
}
