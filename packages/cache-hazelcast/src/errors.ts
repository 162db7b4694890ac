import { AmbiguousWriteError, StoreError, StoreUnavailableError } from '@tiercel/cache-core/store'
import {
  CallerNotMemberError,
  ClientOfflineError,
  OperationTimeoutError,
  PartitionMigratingError,
  SplitBrainProtectionError,
  TargetNotMemberError,
} from 'hazelcast-client'

export const STORE_NAME = 'hazelcast'

/**
 * Refused before anything was done: by the client, which is offline, or by a member that does not own the partition
 * or may not serve it. Every other error can follow a write that was executed: a lost connection
 * (`TargetDisconnectedError`, `IOError`), a member that is leaving, a client that was shut down meanwhile.
 */
const NOT_EXECUTED = [
  ClientOfflineError,
  TargetNotMemberError,
  CallerNotMemberError,
  PartitionMigratingError,
  SplitBrainProtectionError,
] as const

/** The store error for an error of the client. */
export function storeError(error: unknown, operation: string, kind: 'read' | 'write'): StoreError {
  if (error instanceof StoreError) return error
  // The client, told never to send again, reports what it would have retried as a timeout, with the reason as cause.
  const cause = error instanceof OperationTimeoutError && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message || cause.constructor.name : String(cause)
  const details = { store: STORE_NAME, operation, cause }
  if (kind === 'read' || NOT_EXECUTED.some((type) => cause instanceof type)) {
    return new StoreUnavailableError(`${STORE_NAME}: ${operation} failed: ${reason}`, details)
  }
  return new AmbiguousWriteError(`${STORE_NAME}: ${operation} may or may not have happened: ${reason}`, details)
}
