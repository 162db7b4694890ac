import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreError,
  StoreUnavailableError,
  UnsupportedError,
} from '@tiercel/cache-core/store'

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

/** The store error for an error of the client. A read that failed has changed nothing, whatever happened. */
export function storeError(operation: string, kind: 'read' | 'write', error: unknown): StoreError {
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

export function unavailableError(reason: string): StoreUnavailableError {
  return new StoreUnavailableError(`${STORE_NAME}: not connected: ${reason}`, { store: STORE_NAME })
}

export function closedError(operation?: string): StoreClosedError {
  return new StoreClosedError(`${STORE_NAME}: the store is closed`, { store: STORE_NAME, operation })
}

/** A map whose `in-memory-format` is OBJECT compares objects, and no two byte arrays are the same object. */
export function incomparableError(operation: string, map?: string): UnsupportedError {
  const name = map === undefined ? 'this map' : `the map '${map}'`
  return new UnsupportedError(
    `${STORE_NAME}: ${name} does not compare stored bytes, so there are no leases and no counters: set its ` +
      'in-memory-format to BINARY on the members (the default)',
    { store: STORE_NAME, operation },
  )
}

/** By name and not by class: the caller's client may come from another copy of hazelcast-client. */
function className(error: unknown): string {
  return error instanceof Error ? error.constructor.name : ''
}
