import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/base/duration.js'
import { InvalidOptionError } from '../../src/base/errors.js'

describe('parseDuration', () => {
  it.each([
    [0, 0],
    [1.5, 1.5],
    ['0ms', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration('ttl', text)).toBe(ms)
  })

  it.each([
    'soon',
    '',
    '5',
    '5 m',
    '-5m',
    '5M',
    '5min',
    '1h30m',
    '.5s',
    '5.s',
    'Infinitys',
    Number.NaN,
    null,
    undefined,
    true,
    {},
    [],
  ])('refuses %s and names the option', (value) => {
    expect(() => parseDuration('ttl', value)).toThrow(InvalidOptionError)
    expect(() => parseDuration('ttl', value)).toThrow(/^ttl: /)
  })

  it('reads any number of different texts, the same ones again', () => {
    const texts = Array.from({ length: 2_000 }, (_, index) => `${index}s`)
    const read = (): number[] => texts.map((text) => parseDuration('ttl', text))
    expect(read()).toEqual(texts.map((_, index) => index * 1_000))
    expect(read()).toEqual(read())
  })

  it('refuses a negative number', () => {
    expect(() => parseDuration('ttl', -1)).toThrow('ttl: must not be negative, got -1')
  })

  it('takes Infinity only where it is allowed', () => {
    expect(() => parseDuration('ttl', Number.POSITIVE_INFINITY)).toThrow('ttl: must be finite')
    expect(parseDuration('ttl', Number.POSITIVE_INFINITY, { infinite: true })).toBe(Number.POSITIVE_INFINITY)
    expect(() => parseDuration('ttl', Number.NEGATIVE_INFINITY, { infinite: true })).toThrow(InvalidOptionError)
  })

  it('keeps to the limits, and says them in the largest unit that is whole', () => {
    const limits = { min: 1, max: 5_400_000 }
    expect([parseDuration('lease', '1ms', limits), parseDuration('lease', '1.5h', limits)]).toEqual([1, 5_400_000])
    expect(() => parseDuration('lease', 0, limits)).toThrow('lease: must be at least 1 ms, got 0')
    expect(() => parseDuration('lease', '2h', limits)).toThrow("lease: must be at most 90 m, got '2h'")
  })
})
