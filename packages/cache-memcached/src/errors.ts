import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'
import { NoReplyError, NotSentError } from './memjs/errors.js'
import type { Reply } from './memjs/message.js'
import { Status } from './memjs/protocol.js'

export const STORE_NAME = 'memcached'

/** The store error for a command that got no answer. One that was sent leaves the outcome of a write open. */
export function storeError(operation: string, kind: 'read' | 'write', cause: Error): StoreError {
  const message = `${STORE_NAME}: ${operation} failed: ${cause.message}`
  const details = { store: STORE_NAME, operation, cause }
  if (cause instanceof NotSentError) return new StoreUnavailableError(message, details)
  if (kind === 'write') {
    return new AmbiguousWriteError(
      `${STORE_NAME}: ${operation} may or may not have happened: ${cause.message}`,
      details,
    )
  }
  if (cause instanceof NoReplyError && cause.silent) return new StoreTimeoutError(message, details)
  return new StoreUnavailableError(message, details)
}

/** The store error for an answer that refuses the command: nothing was executed. */
export function refusedError(operation: string, { status, value }: Reply): StoreError {
  const message = `${STORE_NAME}: ${operation} failed: ${value.toString('latin1')} (status ${status})`
  const details = { store: STORE_NAME, operation }
  if (status === Status.TooLarge) return new ValueTooLargeError(message, details)
  if (status === Status.OutOfMemory) return new StoreFullError(message, details)
  if (status === Status.Busy || status === Status.TemporaryFailure) return new StoreUnavailableError(message, details)
  return new StoreError(message, details)
}

export function closedError(operation: string): StoreClosedError {
  return new StoreClosedError(`${STORE_NAME}: the store is closed`, { store: STORE_NAME, operation })
}

export function unsupportedError(operation: string, why: string): UnsupportedError {
  return new UnsupportedError(`${STORE_NAME}: ${why}`, { store: STORE_NAME, operation })
}
