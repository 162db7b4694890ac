import {
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '@tiercel/cache-core/store'
import { messageOf, type OperationKind, StoreErrors } from '@tiercel/cache-core/store-kit'
import * as sdk from 'couchbase'

export const STORE_NAME = 'couchbase'

export const errors = new StoreErrors(STORE_NAME)

/** The server has no memory for the value and could not free any (status `ENOMEM`). */
const STATUS_NO_MEMORY = 0x82
/** The code of the SDK core's unclassified error for an operation on a closed cluster. */
const CODE_CLUSTER_CLOSED = 1006

/** Refusals of the server or of the SDK: the command was certainly not executed. */
const NOT_EXECUTED = [
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
]

/**
 * The store error for an error of the SDK. A failed read has changed nothing. A failed write may have been executed
 * unless it is known to have been refused: a timeout after the command was sent, a connection lost meanwhile
 * (`RequestCanceledError`), an unknown error.
 */
export function storeError(operation: string, kind: OperationKind, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  // By the owner of a client, or by this store, which uses a new one by now: nothing was sent.
  if (isClosed(cause)) return errors.notConnected('its cluster is closed', cause, operation)
  const reason = reasonOf(cause)
  if (isRefused(cause)) return errors.refused(StoreUnavailableError, operation, reason, cause)
  if (kind === 'read') {
    const Class = cause instanceof sdk.TimeoutError ? StoreTimeoutError : StoreUnavailableError
    return errors.failed(Class, operation, reason, cause)
  }
  if (cause instanceof sdk.DeltaInvalidError) {
    return errors.failed(StoreError, operation, 'a value stands there, not a counter', cause)
  }
  const Class = refusal(cause)
  if (Class !== undefined) return errors.failed(Class, operation, reason, cause)
  return errors.unanswered(operation, kind, reason, cause)
}

function refusal(cause: unknown): typeof StoreError | undefined {
  if (cause instanceof sdk.ValueTooLargeError) return ValueTooLargeError
  if (cause instanceof sdk.TemporaryFailureError && statusOf(cause) === STATUS_NO_MEMORY) return StoreFullError
  return NOT_EXECUTED.some((known) => cause instanceof known) ? StoreUnavailableError : undefined
}

/** The cluster does not execute this operation for this user. */
export function isRefused(error: unknown): boolean {
  return error instanceof sdk.AuthenticationFailureError || error instanceof sdk.UnsupportedOperationError
}

/** The error was reported by a node. */
export function isAnswer(error: unknown): boolean {
  return !(error instanceof sdk.TimeoutError || error instanceof sdk.RequestCanceledError || isClosed(error))
}

export function isMissing(error: unknown): boolean {
  return error instanceof sdk.DocumentNotFoundError
}

/** Another version is stored: `insert` found a document, `replace` or `remove` found another CAS. */
export function isConflict(error: unknown): boolean {
  return error instanceof sdk.DocumentExistsError || error instanceof sdk.CasMismatchError
}

/**
 * Until the timeout, the nodes said that they do not hold this document, and the SDK accepted none of their maps: these
 * addresses belong to a newly created cluster whose map revisions start over.
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

/** The SDK's message and its reasons to retry: `unambiguous timeout` alone hides, say, a missing collection. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  const reasons = retryReasonsOf(error).join(', ')
  return reasons === '' ? message : `${message} (${reasons})`
}

function retryReasonsOf(error: unknown): readonly unknown[] {
  const cause: unknown = error instanceof sdk.CouchbaseError ? error.cause : undefined
  const reasons = (cause as { retry_reasons?: unknown } | undefined)?.retry_reasons
  return Array.isArray(reasons) ? reasons : []
}
