import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'

export const STORE_NAME = 'redis'

/** What ioredis says of a command that it never sent. */
const NOT_SENT = /enableOfflineQueue|Failed to refresh slots cache|None of startup nodes|All sentinels are unreachable/

/**
 * The store error for an error of ioredis. An error reply says that nothing was executed; any other error of a write
 * that was sent leaves its outcome open.
 */
export function storeError(operation: string, kind: 'read' | 'write', cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `${STORE_NAME}: ${operation} failed: ${reason}`
  const details = { store: STORE_NAME, operation, cause }
  if (isReply(cause)) {
    if (isFull(reason)) return new StoreFullError(message, details)
    if (isTooLarge(reason)) return new ValueTooLargeError(message, details)
    return new StoreUnavailableError(message, details)
  }
  if (NOT_SENT.test(reason)) return new StoreUnavailableError(message, details)
  if (kind === 'write') {
    return new AmbiguousWriteError(`${STORE_NAME}: ${operation} may or may not have happened: ${reason}`, details)
  }
  // The caller's own client may have a `commandTimeout`.
  if (reason === 'Command timed out') return new StoreTimeoutError(message, details)
  return new StoreUnavailableError(message, details)
}

export function unavailableError(operation: string, cause: unknown): StoreUnavailableError {
  const reason = cause instanceof Error ? cause.message : 'no connection'
  return new StoreUnavailableError(`${STORE_NAME}: not connected: ${reason}`, { store: STORE_NAME, operation, cause })
}

export function closedError(operation: string): StoreClosedError {
  return new StoreClosedError(`${STORE_NAME}: the store is closed`, { store: STORE_NAME, operation })
}

/** Whether the key holds a list, a hash or the like, written by somebody else under our prefix. */
export function isWrongType(error: unknown): boolean {
  return error instanceof StoreError && isReply(error.cause) && error.cause.message.includes('WRONGTYPE')
}

/** An error that the server answered. By name, since the class may come from another copy of ioredis. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Inside a script the code stands in the text, and before Redis 7 at its middle. */
function isFull(reason: string): boolean {
  return /(^|[ -])OOM /.test(reason)
}

/** A bulk string over the server's `proto-max-bulk-len`. */
function isTooLarge(reason: string): boolean {
  return /invalid bulk length|exceeds maximum allowed size/.test(reason)
}
