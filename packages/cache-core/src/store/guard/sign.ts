import { AmbiguousWriteError, StoreFullError, StoreTimeoutError, StoreUnavailableError } from '../../base/errors.js'
import type { OperationKind } from '../kit/store-errors.js'

/** What an outcome says of the server; `'unclear'`: nothing. */
export type Sign = 'alive' | 'dead' | 'unclear'

/**
 * What a failure says of the server. One that is full, or that refuses, is alive. A write that was certainly not executed
 * says nothing: a replica refuses all writes and answers reads.
 */
export function signOf(kind: OperationKind, error: unknown): Sign {
  if (error instanceof StoreTimeoutError || error instanceof AmbiguousWriteError) return 'dead'
  if (error instanceof StoreFullError) return 'alive'
  if (error instanceof StoreUnavailableError && kind === 'read') return error.answered ? 'alive' : 'dead'
  return 'unclear'
}
