/**
 * Every error of Tiercel has a class, a stable `code` and, where there is one, the `cause`.
 * Match by `code` across package copies, by class inside one.
 */

interface StoreErrorDetails {
  readonly store: string
  readonly operation?: string | undefined
  readonly cause?: unknown
  readonly answered?: boolean | undefined
}

/** A store could not do something. `store` names it, `operation` the operation of the contract, where one was under way. */
export class StoreError extends Error {
  readonly code: string = 'ERR_STORE'
  readonly store: string
  readonly operation: string | undefined
  /** The server itself said no, so it is alive: no circuit breaker opens. */
  readonly answered: boolean

  constructor(message: string, { store, operation, cause, answered = false }: StoreErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.store = store
    this.operation = operation
    this.answered = answered
  }
}

/** A read did not answer within its deadline. Nothing was changed. */
export class StoreTimeoutError extends StoreError {
  override readonly code = 'ERR_STORE_TIMEOUT'
}

/** The store could not be asked: not connected, refused, lost before the command was sent. Nothing was changed. */
export class StoreUnavailableError extends StoreError {
  override readonly code = 'ERR_STORE_UNAVAILABLE'
}

/** An earlier invalidation of the key has not reached the store yet, so what the store has under it must not be used. */
export class UndeliveredError extends StoreUnavailableError {}

/** The store has no room and may not evict (Redis `OOM`, memcached `-M`, Couchbase temporary failure for memory). */
export class StoreFullError extends StoreError {
  override readonly code = 'ERR_STORE_FULL'
}

/** The value is larger than the store takes (`capabilities.maxValueBytes`, or the server's own limit). */
export class ValueTooLargeError extends StoreError {
  override readonly code = 'ERR_VALUE_TOO_LARGE'
}

/** A counter would leave the numbers that are exact: -(2^53 - 1) to 2^53 - 1, on Couchbase fewer. It keeps its value. */
export class CounterRangeError extends StoreError {
  override readonly code = 'ERR_COUNTER_RANGE'
}

/** A write was sent and its answer never came: it may have been executed, now or later, or not at all. */
export class AmbiguousWriteError extends StoreError {
  override readonly code = 'ERR_AMBIGUOUS_WRITE'
}

/** The store, or the cache over it, was closed. */
export class StoreClosedError extends StoreError {
  override readonly code = 'ERR_STORE_CLOSED'
}

/** The store declares that it cannot do this (`capabilities`). */
export class UnsupportedError extends StoreError {
  override readonly code = 'ERR_UNSUPPORTED'
}

/** An option has an invalid value. `option` is its name as the caller wrote it. */
export class InvalidOptionError extends RangeError {
  readonly code = 'ERR_INVALID_OPTION'
  readonly option: string

  constructor(option: string, problem: string, cause?: unknown) {
    super(`${option}: ${problem}`, cause === undefined ? undefined : { cause })
    this.name = 'InvalidOptionError'
    this.option = option
  }
}

/** Where a loader was expected, something else was given. */
export class InvalidLoaderError extends TypeError {
  readonly code = 'ERR_INVALID_LOADER'

  constructor(message: string) {
    super(message)
    this.name = 'InvalidLoaderError'
  }
}

/** A key that no store takes: empty, longer than 64 KiB, or not made of strings and finite numbers. */
export class InvalidKeyError extends TypeError {
  readonly code = 'ERR_INVALID_KEY'

  constructor(message: string) {
    super(message)
    this.name = 'InvalidKeyError'
  }
}

/** A value that cannot be stored: `undefined`, or nothing the codec encodes. */
export class InvalidValueError extends TypeError {
  readonly code = 'ERR_INVALID_VALUE'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'InvalidValueError'
  }
}

/** A loader asked, directly or through others, for the key that it loads. `circle` are the keys, the first again at the end. */
export class CircularLoadError extends Error {
  readonly code = 'ERR_CIRCULAR_LOAD'
  readonly circle: readonly string[]

  constructor(circle: readonly string[]) {
    super(`a loader waits for itself: ${circle.join(' → ')}`)
    this.name = 'CircularLoadError'
    this.circle = circle
  }
}

/** A call did not end within its `hardTimeout`. */
export class LoadTimeoutError extends Error {
  readonly code = 'ERR_LOAD_TIMEOUT'

  constructor(timeoutMs: number) {
    super(`no value within hardTimeout, ${timeoutMs} ms`)
    this.name = 'LoadTimeoutError'
  }
}

/** The message of whatever was thrown: mostly an error, but it can be anything. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
