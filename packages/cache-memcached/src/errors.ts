import {
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'
import { type OperationKind, StoreErrors } from '@tiercel/cache-core/store-kit'
import { NoReplyError, NotSentError } from './memjs/errors.js'
import type { Reply } from './memjs/message.js'
import { Status } from './memjs/protocol.js'

export const STORE_NAME = 'memcached'

export const errors = new StoreErrors(STORE_NAME)

/** The store error for a command without an answer. If it was sent, a write may have been executed. */
export function storeError(operation: string, kind: OperationKind, cause: Error): StoreError {
  const reason = cause.message
  if (cause instanceof NotSentError) return errors.failed(StoreUnavailableError, operation, reason, cause)
  if (kind === 'read' && cause instanceof NoReplyError && cause.silent) {
    return errors.failed(StoreTimeoutError, operation, reason, cause)
  }
  return errors.unanswered(operation, kind, reason, cause)
}

const REFUSALS: ReadonlyMap<number, typeof StoreError> = new Map<number, typeof StoreError>([
  [Status.TooLarge, ValueTooLargeError],
  [Status.OutOfMemory, StoreFullError],
  [Status.Busy, StoreUnavailableError],
  [Status.TemporaryFailure, StoreUnavailableError],
])

/** The store error for a command that the server refused, so that nothing was executed. */
export function refusedError(operation: string, { status, value }: Reply): StoreError {
  const reason = `${value.toString('latin1')} (status ${status})`
  return errors.refused(REFUSALS.get(status) ?? StoreError, operation, reason)
}
