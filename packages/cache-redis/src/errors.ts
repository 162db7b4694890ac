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

/** A replica's answer to a write; inside a script the code stands in the text. */
export const READ_ONLY = /(^|[ -])READONLY /
/** What ioredis says of a command that it never sent. */
const NOT_SENT =
  /enableOfflineQueue|Failed to refresh slots cache|None of startup nodes|All sentinels are unreachable|subscriber mode/
/** Answers of a server that serves nobody for now: to go on asking costs each caller a round trip for nothing. */
const SERVES_NOBODY = /(^|[ -])(LOADING|BUSY|MASTERDOWN) /
/** What ioredis says where the caller's own client has a `commandTimeout`. */
const TIMED_OUT = 'Command timed out'

/**
 * The store error for an error of ioredis. An error reply says that nothing was executed; any other error of a write
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

/** Whether the key holds a list, a hash or the like, written by somebody else under our prefix. */
export function isWrongType(error: unknown): boolean {
  return error instanceof StoreError && isReply(error.cause) && error.cause.message.includes('WRONGTYPE')
}

/** An error that the server answered. By name, since the class may come from another copy of ioredis. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

function refusal(reply: string): typeof StoreError {
  if (isFull(reply)) return StoreFullError
  if (isTooLarge(reply)) return ValueTooLargeError
  return StoreUnavailableError
}

/** Inside a script the code stands in the text, and before Redis 7 at its middle. */
function isFull(reply: string): boolean {
  return /(^|[ -])OOM /.test(reply)
}

/** A bulk string over the server's `proto-max-bulk-len`. */
function isTooLarge(reply: string): boolean {
  return /invalid bulk length|exceeds maximum allowed size/.test(reply)
}
