import { StoreError, StoreUnavailableError, type UnsupportedError } from '@tiercel/cache-core/store'
import { messageOf, type OperationKind, StoreErrors } from '@tiercel/cache-core/store-kit'

export const STORE_NAME = 'hazelcast'

export const errors = new StoreErrors(STORE_NAME)

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

/** The members do not execute this operation for this client: it lacks a permission, which the client knows no class for. */
export function isRefused(error: unknown): boolean {
  const name = className(error)
  return (
    name === 'UnsupportedOperationError' ||
    (name === 'UndefinedErrorCodeError' && messageOf(error).includes('AccessControl'))
  )
}

/** A cluster in the state PASSIVE takes no writes. The client has no class for that. */
function isPassive(error: unknown): boolean {
  return messageOf(error).startsWith('Cluster is in PASSIVE state')
}

/** The store error for an error of the client. A read that failed has changed nothing, whatever happened. */
export function storeError(operation: string, kind: OperationKind, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const cause = retried(error)
  const reason = messageOf(cause) || className(cause)
  if (isRefused(cause) || isPassive(cause)) return errors.refused(StoreUnavailableError, operation, reason, cause)
  if (NOT_EXECUTED.has(className(cause))) return errors.failed(StoreUnavailableError, operation, reason, cause)
  return errors.unanswered(operation, kind, reason, cause)
}

/** The client, told never to send again, reports what it would have retried as a timeout, with the reason as cause. */
function retried(error: unknown): unknown {
  const timedOut = className(error) === 'OperationTimeoutError' && error instanceof Error
  return timedOut && error.cause instanceof Error ? error.cause : error
}

/** A map whose `in-memory-format` is OBJECT compares objects, and no two byte arrays are the same object. */
export function incomparableError(operation: string, map: string): UnsupportedError {
  return errors.unsupported(
    operation,
    `the map '${map}' does not compare stored bytes, so there are no leases and no counters: set its in-memory-format ` +
      'to BINARY on the members (the default)',
  )
}

/** By name and not by class: the caller's client may come from another copy of hazelcast-client. */
function className(error: unknown): string {
  return error instanceof Error ? error.constructor.name : ''
}
