import {
  AmbiguousWriteError,
  InvalidKeyError,
  InvalidOptionError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../../base/errors.js'

/** The classes by which a store tells what happened, by code. */
const STORE_ERRORS: ReadonlyMap<unknown, typeof StoreError> = new Map<unknown, typeof StoreError>([
  ['ERR_STORE_TIMEOUT', StoreTimeoutError],
  ['ERR_STORE_UNAVAILABLE', StoreUnavailableError],
  ['ERR_STORE_FULL', StoreFullError],
  ['ERR_VALUE_TOO_LARGE', ValueTooLargeError],
  ['ERR_AMBIGUOUS_WRITE', AmbiguousWriteError],
  ['ERR_STORE_CLOSED', StoreClosedError],
  ['ERR_UNSUPPORTED', UnsupportedError],
])

/**
 * The error as one of this package's own classes, or `undefined`. A store may have been built with another copy of
 * the package, whose classes are not these: it is known by its code.
 */
export function knownError(error: unknown, store: string, operation: string): Error | undefined {
  if (error instanceof StoreError || error instanceof InvalidOptionError || error instanceof InvalidKeyError)
    return error
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const Own = STORE_ERRORS.get(error.code)
  const answered = 'answered' in error && error.answered === true
  return Own && new Own(error.message, { store, operation, cause: error, answered })
}
