import { AmbiguousWriteError, StoreError, StoreUnavailableError } from '@tiercel/cache-core/store'
export const STORE_NAME = 'hazelcast'

/**
 * Refused before anything was done: by the client, which is offline, or by a member that does not own the partition
 * or may not serve it. Every other error can follow a write that was executed: a lost connection
 * (`TargetDisconnectedError`, `IOError`), a member that is leaving, a client that was shut down meanwhile.
 */
const NOT_EXECUTED: ReadonlySet<string> = new Set([
  'ClientOfflineError',
  'TargetNotMemberError',
  'CallerNotMemberError',
  'PartitionMigratingError',
  'SplitBrainProtectionError',
])

/** The store error for an error of the client. */
export function storeError(error: unknown, operation: string, kind: 'read' | 'write'): StoreError {
  if (error instanceof StoreError) return error
  // The client, told never to send again, reports what it would have retried as a timeout, with the reason as cause.
  const timedOut =
    className(error) === 'OperationTimeoutError' && error instanceof Error && error.cause instanceof Error
  const cause = timedOut ? error.cause : error
  const reason = cause instanceof Error ? cause.message || className(cause) : String(cause)
  const details = { store: STORE_NAME, operation, cause }
  if (kind === 'read' || NOT_EXECUTED.has(className(cause))) {
    return new StoreUnavailableError(`${STORE_NAME}: ${operation} failed: ${reason}`, details)
  }
  return new AmbiguousWriteError(`${STORE_NAME}: ${operation} may or may not have happened: ${reason}`, details)
}

/** By name and not by class: the caller's client may come from another copy of hazelcast-client. */
function className(error: unknown): string {
  return error instanceof Error ? error.constructor.name : ''
}
