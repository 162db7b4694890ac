import { InvalidOptionError } from './errors.js'
import { show } from './show.js'

/** Milliseconds as a number, or a string with a unit: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`, `'1w'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

export interface DurationLimits {
  /** Smallest value allowed, in milliseconds. Default 0. */
  readonly min?: number
  /** Largest value allowed, in milliseconds. Default: none. */
  readonly max?: number
  /** Whether `Infinity` is allowed. Default false. */
  readonly infinite?: boolean
}

/**
 * Milliseconds of a duration. `option` names it in the error.
 * @throws InvalidOptionError when the value is no duration, negative, out of the limits, or `Infinity` where that is not allowed.
 */
export function parseDuration(option: string, value: unknown, limits: DurationLimits = {}): number {
  const ms = toMs(value)
  if (ms === undefined || Number.isNaN(ms)) {
    throw new InvalidOptionError(
      option,
      `expected milliseconds or a string like '500ms', '30s', '5m', '1h', '7d', got ${show(value)}`,
    )
  }
  if (ms === Number.POSITIVE_INFINITY && !limits.infinite) throw new InvalidOptionError(option, 'must be finite')
  const { min = 0, max = Number.POSITIVE_INFINITY } = limits
  if (ms < min) {
    throw new InvalidOptionError(
      option,
      min === 0 ? `must not be negative, got ${show(value)}` : `must be at least ${withUnit(min)}, got ${show(value)}`,
    )
  }
  if (ms > max) throw new InvalidOptionError(option, `must be at most ${withUnit(max)}, got ${show(value)}`)
  return ms
}

function toMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? (read.get(value) ?? readText(value)) : undefined
}

/**
 * Texts parsed so far. A program has a few of them, and parsing one anew in every call would take a fifth of a
 * microsecond, half of what the options of the call cost.
 */
const read = new Map<string, number>()
const MOST_READ = 1_000

function readText(text: string): number | undefined {
  const match = TEXT.exec(text)
  if (match === null) return undefined
  const [, amount, unit] = match
  const ms = Number(amount) * (UNITS_MS[unit as string] as number)
  if (read.size < MOST_READ) read.set(text, ms)
  return ms
}

/** As a whole number of the largest unit possible. */
function withUnit(ms: number): string {
  const unit = Object.entries(UNITS_MS).findLast(([, size]) => ms % size === 0) ?? ['ms', 1]
  return `${ms / unit[1]} ${unit[0]}`
}
