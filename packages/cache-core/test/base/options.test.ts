import { describe, expect, it } from 'vitest'
import { checkOptions, parseChoice, parseCount, parseFlag, parseText } from '../../src/base/options.js'

describe('checkOptions', () => {
  it('takes an object of known options', () => {
    expect(() => checkOptions('redisStore', { url: 'redis://x' }, ['url', 'prefix'])).not.toThrow()
  })

  it('names an option that it does not know, and those it does', () => {
    expect(() => checkOptions('redisStore', { prefxi: '' }, ['url', 'prefix'])).toThrow(
      'prefxi: redisStore has no such option; it has url, prefix',
    )
  })

  it.each([null, undefined, 'redis://x', 5, [], ['url']])('refuses %s in place of options', (options) => {
    expect(() => checkOptions('redisStore', options, ['url'])).toThrow(/^redisStore: expected an object of options/)
  })
})

describe('parseCount', () => {
  it('takes whole numbers within the limits, both ends too', () => {
    expect([parseCount('n', 1), parseCount('n', 0, 0), parseCount('n', 9, 1, 9)]).toEqual([1, 0, 9])
  })

  it.each([Number.NaN, 0.5, '1', null, 0, -1, 10, 2 ** 60])('refuses %s', (value) => {
    expect(() => parseCount('maxBytes', value, 1, 9)).toThrow(/^maxBytes: expected a whole number from 1 to 9/)
  })

  it('takes Infinity only where there is no limit', () => {
    expect(parseCount('n', Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    expect(() => parseCount('n', Number.POSITIVE_INFINITY)).toThrow(RangeError)
  })
})

describe('parseText, parseChoice, parseFlag', () => {
  it('take what is right', () => {
    expect(parseText('name', 'x')).toBe('x')
    expect(parseText('prefix', '', { empty: true })).toBe('')
    expect(parseChoice('mode', 'clone', ['clone', 'shared'])).toBe('clone')
    expect(parseFlag('tls', false)).toBe(false)
  })

  it('name the option and what they expected', () => {
    expect(() => parseText('name', 5)).toThrow('name: expected a string, got 5')
    expect(() => parseText('name', '')).toThrow('name: must not be empty')
    expect(() => parseChoice('mode', 'copy', ['clone', 'shared'])).toThrow(
      "mode: expected one of 'clone', 'shared', got 'copy'",
    )
    expect(() => parseFlag('tls', 'yes')).toThrow("tls: expected true or false, got 'yes'")
  })
})
