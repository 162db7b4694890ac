import type { Clock } from '../../base/clock.js'
import { report } from '../../base/diagnostics.js'
import { messageOf, StoreTimeoutError } from '../../base/errors.js'
import { type OperationKind, StoreErrors } from '../kit/store-errors.js'
import { Deadlines, EXPIRED } from './deadlines.js'
import { knownError } from './known-error.js'
import type { GuardTerms } from './options.js'
import { CLOSE_TIMEOUT_MS, PURGE_TIMEOUT_MS } from './timeouts.js'

/** Who waits for the answer decides how long: `'read'` where a caller waits before its load. */
export type DeadlineClass = 'read' | 'write'

/**
 * The only way to the store behind a guard. Each attempt is made in these steps:
 *
 * 1. A closed store is not asked. (Whatever else can tell beforehand that asking is in vain belongs here, as a circuit
 *    breaker of the key's server would; what it has to learn from is known in step 3.)
 * 2. The operation is sent, and has its deadline.
 * 3. An error becomes one of a known class, which says whether anything was changed, and is told on diagnostics.
 *
 * Every call of a cache passes here: one promise stands between the caller and the store.
 */
export class Attempts {
  readonly #store: string
  readonly #errors: StoreErrors
  readonly #deadlines: Readonly<Record<DeadlineClass | 'purge' | 'close', Deadlines>>
  #closed = false

  constructor(store: string, { readMs, writeMs }: GuardTerms['timeout'], clock: Clock) {
    this.#store = store
    this.#errors = new StoreErrors(store)
    this.#deadlines = {
      read: new Deadlines(readMs, clock),
      write: new Deadlines(writeMs, clock),
      purge: new Deadlines(PURGE_TIMEOUT_MS, clock),
      close: new Deadlines(CLOSE_TIMEOUT_MS, clock),
    }
  }

  read<T>(operation: string, send: () => Promise<T>): Promise<T> {
    return this.#attempt(operation, 'read', this.#deadlines.read, send)
  }

  write<T>(operation: string, send: () => Promise<T>, deadline: DeadlineClass = 'write'): Promise<T> {
    return this.#attempt(operation, 'write', this.#deadlines[deadline], send)
  }

  purge(send: () => Promise<void>): Promise<void> {
    return this.#attempt('purge', 'write', this.#deadlines.purge, send)
  }

  /** The last attempt: what is still under way afterwards fails. Never rejects. */
  async close(send: () => Promise<void>): Promise<void> {
    const { read, write, purge, close } = this.#deadlines
    const closed = this.#attempt('close', 'read', close, send)
    this.#closed = true
    await closed.catch(() => {})
    for (const deadlines of [read, write, purge]) deadlines.failAll(() => this.#errors.closed())
  }

  #attempt<T>(operation: string, kind: OperationKind, deadlines: Deadlines, send: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#errors.closed(operation))
    return deadlines.bound(sent(send), (cause) => {
      const error = knownError(cause, this.#store, operation) ?? this.#explain(operation, kind, deadlines.ms, cause)
      report('store-error', () => ({ store: this.#store, operation, error }))
      return error
    })
  }

  /** The error for an expired deadline, or for an error of no known class. */
  #explain(operation: string, kind: OperationKind, ms: number, cause: unknown): Error {
    if (cause !== EXPIRED) return this.#errors.unanswered(operation, kind, messageOf(cause), cause)
    const reason = `no answer within ${ms} ms`
    const timeout = this.#errors.failed(StoreTimeoutError, operation, reason)
    return kind === 'read' ? timeout : this.#errors.unanswered(operation, kind, reason, timeout)
  }
}

/** The operation, also of a store that throws where it should reject. */
function sent<T>(send: () => Promise<T>): Promise<T> {
  try {
    return send()
  } catch (error) {
    return Promise.reject(error)
  }
}
