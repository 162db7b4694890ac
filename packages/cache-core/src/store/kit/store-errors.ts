import {
  AmbiguousWriteError,
  CounterRangeError,
  StoreClosedError,
  StoreError,
  StoreUnavailableError,
  UnsupportedError,
} from '../../base/errors.js'
import { causeOf, withoutArguments } from './cause.js'

/** Whether an operation that failed may have changed anything. */
export type OperationKind = 'read' | 'write'

/**
 * Makes the errors of one store, worded alike for all stores. Which of them an error of the driver stands for, only the
 * adapter knows. Causes are copies, since drivers attach passwords and values to their errors.
 */
export class StoreErrors {
  readonly #store: string

  constructor(store: string) {
    this.#store = store
  }

  closed(operation?: string, cause?: unknown): StoreClosedError {
    return new StoreClosedError(`${this.#store}: the store is closed`, {
      store: this.#store,
      operation,
      cause: shown(cause),
    })
  }

  unsupported(operation: string, why: string): UnsupportedError {
    return new UnsupportedError(`${this.#store}: ${why}`, { store: this.#store, operation })
  }

  /** There was no connection, so nothing was sent. No operation is named where several wait for the same one. */
  notConnected(reason: string, cause?: unknown, operation?: string): StoreUnavailableError {
    return new StoreUnavailableError(`${this.#store}: not connected: ${withoutArguments(reason)}`, {
      store: this.#store,
      operation,
      cause: shown(cause),
    })
  }

  /** The operation certainly changed nothing. `Class` says why. */
  failed(Class: typeof StoreError, operation: string, reason: string, cause?: unknown): StoreError {
    return new Class(`${this.#store}: ${operation} failed: ${withoutArguments(reason)}`, {
      store: this.#store,
      operation,
      cause: shown(cause),
    })
  }

  /** As `failed`, where the server itself said so: it is alive. */
  refused(Class: typeof StoreError, operation: string, reason: string, cause?: unknown): StoreError {
    return new Class(`${this.#store}: ${operation} failed: ${withoutArguments(reason)}`, {
      store: this.#store,
      operation,
      cause: shown(cause),
      answered: true,
    })
  }

  /** `increment` would leave the exact range from `lowest` to `highest`, so the counter keeps its value. */
  beyondCounter(lowest = Number.MIN_SAFE_INTEGER, highest = Number.MAX_SAFE_INTEGER): StoreError {
    const reason = `the counter would leave ${lowest} to ${highest}, where it is exact`
    return this.refused(CounterRangeError, 'increment', reason)
  }

  /** The answer is lost: a read has changed nothing, a write may have been executed, now or later. */
  unanswered(operation: string, kind: OperationKind, reason: string, cause?: unknown): StoreError {
    if (kind === 'read') return this.failed(StoreUnavailableError, operation, reason, cause)
    return new AmbiguousWriteError(
      `${this.#store}: ${operation} may or may not have happened: ${withoutArguments(reason)}`,
      {
        store: this.#store,
        operation,
        cause: shown(cause),
      },
    )
  }
}

/** Errors of ours are without secrets already. */
function shown(cause: unknown): unknown {
  return cause === undefined || cause instanceof StoreError ? cause : causeOf(cause)
}
