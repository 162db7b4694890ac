import { InvalidOptionError } from './errors.js'
import { show } from './show.js'

/**
 * The options object itself: a plain object whose every key is known.
 * A misspelt option is an error, not a silence.
 * @throws InvalidOptionError naming the unknown option.
 */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new InvalidOptionError(where, `expected an object of options, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new InvalidOptionError(key, `${where} has no such option; it has ${known.join(', ')}`)
    }
  }
}

/** @throws InvalidOptionError when the value is not an integer within the limits. `Infinity` passes where `max` is `Infinity`. */
export function parseCount(option: string, value: unknown, min = 1, max = Number.MAX_SAFE_INTEGER): number {
  const infinite = value === Number.POSITIVE_INFINITY && max === Number.POSITIVE_INFINITY
  if (typeof value !== 'number' || (!Number.isSafeInteger(value) && !infinite) || value < min || value > max) {
    throw new InvalidOptionError(option, `expected a whole number from ${min} to ${max}, got ${show(value)}`)
  }
  return value
}

/** @throws InvalidOptionError when the value is not a string, or empty where it must not be. */
export function parseText(option: string, value: unknown, { empty = false } = {}): string {
  if (typeof value !== 'string') throw new InvalidOptionError(option, `expected a string, got ${show(value)}`)
  if (value === '' && !empty) throw new InvalidOptionError(option, 'must not be empty')
  return value
}

/** @throws InvalidOptionError when the value is none of the choices. */
export function parseChoice<T extends string>(option: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) {
    throw new InvalidOptionError(
      option,
      `expected one of ${choices.map((c) => `'${c}'`).join(', ')}, got ${show(value)}`,
    )
  }
  return value as T
}

/** @throws InvalidOptionError when the value is not `true` or `false`. */
export function parseFlag(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new InvalidOptionError(option, `expected true or false, got ${show(value)}`)
  return value
}
