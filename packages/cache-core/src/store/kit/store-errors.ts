import {
  AmbiguousWriteError,
  StoreClosedError,
  type StoreError,
  StoreUnavailableError,
  UnsupportedError,
} from '../../base/errors.js'

/** Whether an operation that failed may have changed anything. */
export type OperationKind = 'read' | 'write'

/**
 * The errors of one store, in the words that all stores have. What an error of the driver says, and so which of these
 * it is, only the adapter knows.
 */
export class StoreErrors {
  readonly #store: string

  constructor(store: string) {
    this.#store = store
  }

  closed(operation?: string, cause?: unknown): StoreClosedError {
    return new StoreClosedError(`${this.#store}: the store is closed`, { store: this.#store, operation, cause })
  }

  unsupported(operation: string, why: string): UnsupportedError {
    return new UnsupportedError(`${this.#store}: ${why}`, { store: this.#store, operation })
  }

  /** There was no connection, so nothing was sent. No operation is named where several wait for the same one. */
  notConnected(reason: string, cause?: unknown, operation?: string): StoreUnavailableError {
    return new StoreUnavailableError(`${this.#store}: not connected: ${reason}`, {
      store: this.#store,
      operation,
      cause,
    })
  }

  /** The operation certainly changed nothing. `Class` says why. */
  failed(Class: typeof StoreError, operation: string, reason: string, cause?: unknown): StoreError {
    return new Class(`${this.#store}: ${operation} failed: ${reason}`, { store: this.#store, operation, cause })
  }

  /** As `failed`, where the server itself said so: it is alive. */
  refused(Class: typeof StoreError, operation: string, reason: string, cause?: unknown): StoreError {
    return new Class(`${this.#store}: ${operation} failed: ${reason}`, {
      store: this.#store,
      operation,
      cause,
      answered: true,
    })
  }

  /** The answer is lost: a read has changed nothing, a write may have been executed, now or later. */
  unanswered(operation: string, kind: OperationKind, reason: string, cause?: unknown): StoreError {
    if (kind === 'read') return this.failed(StoreUnavailableError, operation, reason, cause)
    return new AmbiguousWriteError(`${this.#store}: ${operation} may or may not have happened: ${reason}`, {
      store: this.#store,
      operation,
      cause,
    })
  }
}
