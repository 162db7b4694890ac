import { type Figure, missesBar } from './figure.js'

const COLUMNS: readonly (readonly [string, (figure: Figure) => string])[] = [
  ['what', ({ subject }) => subject],
  ['over', ({ over }) => over],
  [
    'ratio of',
    ({ reading, measure }) => (measure === 'calls' || measure === 'bytes' ? measure : `${reading}, ${measure}`),
  ],
  ['ratio', ({ ratio }) => ratio.median.toFixed(2)],
  ['half of the rounds', ({ ratio }) => `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`],
  ['beside', ({ beside }) => beside],
  ['bar', barText],
  ['(absolute, today)', ({ aside }) => aside],
]

/** As Markdown, so that it can be pasted as it stands. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    [],
    ...figures.map((figure) => COLUMNS.map(([, text]) => text(figure))),
  ]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => row[column]?.padEnd(width) ?? '-'.repeat(width)).join(' | ')} |`
  return rows.map(line).join('\n')
}

function barText(figure: Figure): string {
  const { bar, reading } = figure
  if (bar === undefined) return ''
  return `${reading === 'speed' ? '>=' : '<='} ${bar} ${missesBar(figure) ? 'MISSED' : 'held'}`
}
