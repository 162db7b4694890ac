import {
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'
import { messageOf, type OperationKind, StoreErrors } from '@tiercel/cache-core/store-kit'

export const STORE_NAME = 'redis'

export const errors = new StoreErrors(STORE_NAME)

/** A replica's answer to a write; in the error of a script, the code is inside the text. */
export const READ_ONLY = /(^|[ -])READONLY /
/** What ioredis says about a command that it never sent. */
const NOT_SENT =
  /enableOfflineQueue|Failed to refresh slots cache|None of startup nodes|All sentinels are unreachable|subscriber mode/
/** Answers of a server that serves nobody for now: to go on asking would cost each caller a round trip for nothing. */
const SERVES_NOBODY = /(^|[ -])(LOADING|BUSY|MASTERDOWN) /
/** What ioredis says when the `commandTimeout` of the caller's own client has passed. */
const TIMED_OUT = 'Command timed out'

/**
 * The store error for an error of ioredis. An error reply means that nothing was executed; any other error of a write
 * that was sent leaves its outcome open.
 */
export function storeError(operation: string, kind: OperationKind, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const reason = messageOf(cause)
  if (isReply(cause) && SERVES_NOBODY.test(reason)) {
    return errors.failed(StoreUnavailableError, operation, reason, cause)
  }
  if (isReply(cause)) return errors.refused(refusal(reason), operation, reason, cause)
  if (NOT_SENT.test(reason)) return errors.failed(StoreUnavailableError, operation, reason, cause)
  if (kind === 'read' && reason === TIMED_OUT) return errors.failed(StoreTimeoutError, operation, reason, cause)
  return errors.unanswered(operation, kind, reason, cause)
}

/** Whether the key holds a list, a hash or the like, which somebody else wrote under our prefix. */
export function isWrongType(error: unknown): boolean {
  return error instanceof StoreError && isReply(error.cause) && error.cause.message.includes('WRONGTYPE')
}

/** An error that the server answered. Recognized by name, since the class may come from another copy of ioredis. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

function refusal(reply: string): typeof StoreError {
  if (isFull(reply)) return StoreFullError
  if (isTooLarge(reply)) return ValueTooLargeError
  return StoreUnavailableError
}

/** In the error of a script the code is inside the text, before Redis 7 in its middle. */
function isFull(reply: string): boolean {
  return /(^|[ -])OOM /.test(reply)
}

/** A bulk string larger than the server's `proto-max-bulk-len`. */
function isTooLarge(reply: string): boolean {
  return /invalid bulk length|exceeds maximum allowed size/.test(reply)
}
