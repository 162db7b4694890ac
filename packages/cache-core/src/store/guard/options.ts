import type { Clock } from '../../base/clock.js'
import { clockOption } from '../../base/clock-option.js'
import type { Duration } from '../../base/duration.js'
import { count, duration, either, nested } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'
import { MAX_KEY_BYTES } from '../capabilities.js'
import { READ_TIMEOUT_MS, WRITE_TIMEOUT_MS } from './timeouts.js'

/** A duration for every operation, or one for reads (default 50 ms) and one for writes (default 200 ms). */
export type StoreTimeout = Duration | StoreTimeouts

interface StoreTimeouts {
  readonly read?: Duration | undefined
  readonly write?: Duration | undefined
}

export interface GuardOptions {
  /** How long an operation may take before its caller goes on without the store. Default `{ read: '50ms', write: '200ms' }`. */
  readonly timeout?: StoreTimeout | undefined
  /** Longest key accepted, in bytes of UTF-8. Default 64 KiB. */
  readonly maxKeyBytes?: number | undefined
  /** For tests. Default: the system's. */
  readonly clock?: Clock | undefined
}

const TIMEOUTS = {
  read: duration({ min: 1 }).or(READ_TIMEOUT_MS),
  write: duration({ min: 1 }).or(WRITE_TIMEOUT_MS),
} satisfies RowsOf<StoreTimeouts>

/** Read as `{ readMs, writeMs }`. */
export const storeTimeoutOption = either(
  duration({ min: 1 }).to((ms) => ({ readMs: ms, writeMs: ms })),
  nested(TIMEOUTS),
).or({})

const OPTIONS = {
  timeout: storeTimeoutOption,
  maxKeyBytes: count().or(MAX_KEY_BYTES),
  clock: clockOption,
} satisfies RowsOf<GuardOptions>

export type GuardTerms = Parsed<typeof OPTIONS>

const TABLE = new OptionTable('guardStore', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parseGuardOptions(options: GuardOptions): GuardTerms {
  return TABLE.read(options)
}
