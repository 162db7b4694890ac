import type { Clock } from '../../base/clock.js'
import { clockOption } from '../../base/clock-option.js'
import { count } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'

export interface MemoryStoreOptions {
  /** Most entries kept; the least recently used goes first. Default 100 000. `Infinity` must be written out. */
  readonly maxEntries?: number | undefined
  /** Most bytes kept, keys and a fixed overhead counted. Default 128 MiB. `Infinity` must be written out. */
  readonly maxBytes?: number | undefined
  /** For tests. Default: the system's. */
  readonly clock?: Clock | undefined
}

const OPTIONS = {
  maxEntries: count({ max: Number.POSITIVE_INFINITY }).or(100_000),
  maxBytes: count({ max: Number.POSITIVE_INFINITY }).or(134_217_728),
  clock: clockOption,
} satisfies RowsOf<MemoryStoreOptions>

const TABLE = new OptionTable('memoryStore', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parseMemoryStoreOptions(options: MemoryStoreOptions): Parsed<typeof OPTIONS> {
  return TABLE.read(options)
}
