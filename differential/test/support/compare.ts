import type { Exemption } from './exemptions.js'
import type { Pair, Recording } from './recording.js'

/** How many bytes are shown of a body that is long or not text. */
const SHOWN_BYTES = 160

/** Exchanges that differ in the same lines. */
export interface Difference {
  readonly exchanges: readonly string[]
  /** `-` without the cache, `+` with it; lines that both have are left out. */
  readonly lines: readonly string[]
}

export function differencesOf(pairs: readonly Pair[], exemptions: readonly Exemption[]): Difference[] {
  const byText = new Map<string, Difference>()
  for (const pair of pairs) {
    const lines = changedLines(pair, exemptions)
    if (lines === undefined) continue
    const text = lines.join('\n')
    const exchanges = [...(byText.get(text)?.exchanges ?? []), `${pair.plain.exchange.name} (round ${pair.round})`]
    byText.set(text, { exchanges, lines })
  }
  return [...byText.values()]
}

export function showDifference({ exchanges, lines }: Difference): string {
  return [...exchanges, ...lines.map((line) => `  ${line}`)].join('\n')
}

function changedLines(pair: Pair, exemptions: readonly Exemption[]): string[] | undefined {
  const made = exemptions.reduce((left, exemption) => exemption.apply(left), pair)
  const plain = linesOf(made.plain)
  const cached = linesOf(made.cached)
  const same = plain.length === cached.length && plain.every((line, index) => line === cached[index])
  if (same && made.plain.reply.body.equals(made.cached.reply.body)) return undefined
  return diff(plain, cached)
}

function linesOf({ reply, notes }: Recording): string[] {
  const { interim, head, framing, body, trailers, ending, connection, stray } = reply
  return [
    ...interim.flatMap(({ statusLine, lines }) => [statusLine, ...lines]),
    ...(head === undefined ? [] : [head.statusLine, ...head.lines]),
    `(framing: ${framing})`,
    ...bodyLines(body),
    ...trailers.map((line) => `(trailer) ${line}`),
    ...(stray.length === 0 ? [] : [`(stray bytes: ${stray.toString('latin1')})`]),
    `(${ending}, connection ${connection})`,
    ...notes.map((note) => `(note) ${note}`),
  ]
}

function bodyLines(body: Buffer): string[] {
  if (body.length === 0) return []
  const text = JSON.stringify(body.toString('latin1', 0, SHOWN_BYTES))
  return [`(body of ${body.length} bytes) ${text}${body.length > SHOWN_BYTES ? '…' : ''}`]
}

/** The lines that only one of them has, by their longest common subsequence. */
function diff(left: readonly string[], right: readonly string[]): string[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0))
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      const longest =
        left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
      ;(lengths[row] as number[])[column] = longest
    }
  }
  const lines: string[] = []
  let row = 0
  let column = 0
  while (row < left.length || column < right.length) {
    if (row < left.length && left[row] === right[column]) {
      row++
      column++
    } else if (column === right.length || (row < left.length && at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`- ${left[row++]}`)
    } else lines.push(`+ ${right[column++]}`)
  }
  return lines
}
