import type { Outcome } from './outcome.js'

const COLUMNS: readonly (readonly [string, (outcome: Outcome) => string])[] = [
  ['engine', ({ engine }) => engine],
  ['fault', ({ fault }) => fault],
  ['requests', ({ requests }) => String(requests)],
  ['errors', ({ errors }) => String(errors.length)],
  ['p50', ({ p50 }) => ms(p50)],
  ['p99', ({ p99 }) => ms(p99)],
  ['over its load, p99 after 2 s', ({ settledOverP99 }) => ms(settledOverP99)],
  ['deadlines missed', ({ missed }) => String(missed)],
  ['after 2 s', ({ settledMissed }) => String(settledMissed)],
  ['worst', ({ worst }) => ms(worst)],
  ['hits', ({ hits }) => percent(hits)],
  ['of live keys', ({ liveHits }) => percent(liveHits)],
  ['load p50', ({ loadP50 }) => ms(loadP50)],
  ['loads', ({ loads }) => String(loads)],
  ['of unchanged keys', ({ hotLoads }) => String(hotLoads)],
  ['first hit after', ({ recoveryMs }) => ms(recoveryMs)],
  ['of that well', ({ wellUntilBackMs }) => ms(wellUntilBackMs)],
  ['all delivered after', ({ deliveredMs }) => ms(deliveredMs)],
  ['wrong', ({ wrong }) => String(wrong.length)],
  ['stale', ({ stale }) => String(stale.length)],
]

/** A table in Markdown, with aligned columns. Times in milliseconds. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = [COLUMNS.map(([name]) => name), ...outcomes.map((outcome) => COLUMNS.map(([, cell]) => cell(outcome)))]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join('\n')
}

function ms(time: number | undefined): string {
  if (time === undefined || Number.isNaN(time)) return '–'
  return time < 10 ? time.toFixed(1) : String(Math.round(time))
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)} %`
}
