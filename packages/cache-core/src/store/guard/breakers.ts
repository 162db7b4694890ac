import type { Clock } from '../../base/clock.js'
import { report } from '../../base/diagnostics.js'
import type { OperationKind } from '../kit/store-errors.js'
import type { Store } from '../store.js'
import { Breaker } from './breaker.js'
import type { Deadlines } from './deadlines.js'
import { signOf } from './sign.js'

/** More than any cluster has. Beyond it, as where a store names a server for every key, servers get no breakers. */
const MAX_SERVERS = 1_000

type Pair = Readonly<Record<OperationKind, Breaker>>

/**
 * The circuit breakers of a store's servers, two each: where only writes fail, as on a master whose writes are paused,
 * reads go on. A server has breakers only while something is held against it, so that a healthy store costs each operation
 * a look at an empty map.
 */
export class Breakers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #troubled = new Map<string | undefined, Pair>()

  /** @param deadlines Those of reads. */
  constructor(store: Store, clock: Clock, deadlines: Deadlines) {
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
    if (pair === undefined) return undefined
    if (kind === 'write' && pair.read.state !== 'closed') return pair.read.refusal()
    return pair[kind].refusal()
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
      deadlines: this.#deadlines,
      ask: (key) => (key === undefined ? this.#store.ping() : this.#store.get(key)),
      answerProves: kind === 'read',
      onChange: (state, reason) => report('breaker', () => ({ store: this.#store.name, server, kind, state, reason })),
    })
  }
}
