import { flag } from '../../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'

export interface PurgeOptions {
  /** Whether what is purged is kept as stale, to be served within the route's stale windows. Default `false`. */
  readonly soft?: boolean | undefined
}

const OPTIONS = { soft: flag().or(false) } satisfies RowsOf<PurgeOptions>

const TABLE = new OptionTable('purge', OPTIONS)

/** @throws InvalidOptionError naming the option. */
export function parsePurgeOptions(options: PurgeOptions): Parsed<typeof OPTIONS> {
  return TABLE.read(options)
}
