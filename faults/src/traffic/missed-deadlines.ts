import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { DiagnosticEvents } from '@tiercel/cache-core'
import { type Store, StoreTimeoutError } from '@tiercel/cache-core/store'

/** No caller waits for these. */
const OF_NO_CALLER: ReadonlySet<string> = new Set(['subscribe', 'publish', 'ping'])

/** When operations of callers were given up. Those that a circuit breaker holds back cost nothing, and do not count. */
export class MissedDeadlines {
  /** On the monotonic clock. */
  readonly times: number[] = []
  readonly #stores: ReadonlySet<string>

  /** @param stores By name. */
  constructor(stores: readonly string[]) {
    this.#stores = new Set(stores)
    subscribe('tiercel:store-error', this.#hear)
  }

  stop(): void {
    unsubscribe('tiercel:store-error', this.#hear)
  }

  readonly #hear = (message: unknown): void => {
    const { store, operation, error } = message as DiagnosticEvents['store-error']
    if (!this.#stores.has(store) || OF_NO_CALLER.has(operation)) return
    const isMissed = error instanceof StoreTimeoutError || error.cause instanceof StoreTimeoutError
    if (isMissed) this.times.push(performance.now())
  }
}

/** The same store under another name, by which diagnostics tell it from others of its engine. */
export function named(store: Store, name: string): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property === 'name') return name
      const member: unknown = Reflect.get(target, property, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
