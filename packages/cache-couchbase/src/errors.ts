import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'
import * as sdk from 'couchbase'

export const STORE_NAME = 'couchbase'

/** The server has no memory for the value and none that it could free (status `ENOMEM`). */
const STATUS_NO_MEMORY = 0x82
/** What the SDK's core says, in an error of no class, of an operation on a cluster that was closed. */
const CODE_CLUSTER_CLOSED = 1006

/** Refusals of the server or of the SDK: the command was certainly not executed. */
const NOT_EXECUTED = [
  sdk.AuthenticationFailureError,
  sdk.BucketNotFoundError,
  sdk.CollectionNotFoundError,
  sdk.DocumentLockedError,
  sdk.InvalidArgumentError,
  sdk.QuotaLimitedError,
  sdk.RateLimitedError,
  sdk.ScopeNotFoundError,
  sdk.ServiceNotAvailableError,
  sdk.TemporaryFailureError,
  sdk.UnambiguousTimeoutError,
  sdk.UnsupportedOperationError,
]

/** What a failed read becomes: nothing was changed, whatever happened. */
export function readError(operation: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const details = { store: STORE_NAME, operation, cause }
  if (isClosed(cause)) return closedError(operation, cause)
  if (cause instanceof sdk.TimeoutError) return new StoreTimeoutError(describe(operation, cause), details)
  return new StoreUnavailableError(describe(operation, cause), details)
}

/**
 * What a failed write becomes. What is not known to be refused may have been executed: a timeout after the command
 * was sent, a connection lost meanwhile (`RequestCanceledError`), an error of no known class.
 */
export function writeError(operation: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const details = { store: STORE_NAME, operation, cause }
  if (isClosed(cause)) return closedError(operation, cause)
  const message = describe(operation, cause)
  if (cause instanceof sdk.ValueTooLargeError) return new ValueTooLargeError(message, details)
  if (cause instanceof sdk.TemporaryFailureError && statusOf(cause) === STATUS_NO_MEMORY) {
    return new StoreFullError(message, details)
  }
  if (cause instanceof sdk.DeltaInvalidError) {
    return new StoreError(`couchbase: ${operation} found a document that is no counter`, details)
  }
  if (NOT_EXECUTED.some((known) => cause instanceof known)) return new StoreUnavailableError(message, details)
  return new AmbiguousWriteError(`${message}; it may or may not have happened`, details)
}

/** What a failed attempt to connect becomes, also for the write that waited for it: nothing was sent. */
export function connectError(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(describe('connect', cause), { store: STORE_NAME, operation: 'connect', cause })
}

export function closedError(operation: string, cause?: unknown): StoreClosedError {
  return new StoreClosedError('couchbase: the store is closed', { store: STORE_NAME, operation, cause })
}

export function isMissing(error: unknown): boolean {
  return error instanceof sdk.DocumentNotFoundError
}

/** Another version stands there: `insert` found a document, `replace` or `remove` found another CAS. */
export function isConflict(error: unknown): boolean {
  return error instanceof sdk.DocumentExistsError || error instanceof sdk.CasMismatchError
}

/**
 * Until the timeout the nodes said that they do not hold this document, and gave the SDK no map that it took: what
 * answers at these addresses is another cluster, made anew, whose map counts from the beginning.
 */
export function isOutdatedMap(error: unknown): boolean {
  return error instanceof sdk.TimeoutError && retryReasonsOf(error).includes('key_value_not_my_vbucket')
}

function isClosed(error: unknown): boolean {
  return error instanceof sdk.ClusterClosedError || (error as { code?: unknown } | null)?.code === CODE_CLUSTER_CLOSED
}

function statusOf({ cause }: sdk.CouchbaseError): unknown {
  return (cause as { status_code?: unknown } | undefined)?.status_code
}

/** The SDK's message, and why it tried again: `unambiguous timeout` alone hides a collection that does not exist. */
function describe(operation: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const reasons = retryReasonsOf(error).join(', ')
  return `couchbase: ${operation} failed: ${message}${reasons === '' ? '' : ` (${reasons})`}`
}

function retryReasonsOf(error: unknown): readonly unknown[] {
  const cause: unknown = error instanceof sdk.CouchbaseError ? error.cause : undefined
  const reasons = (cause as { retry_reasons?: unknown } | undefined)?.retry_reasons
  return Array.isArray(reasons) ? reasons : []
}
