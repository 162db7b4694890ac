import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyPrefix } from '../../../src/store/kit/key-prefix.js'

describe('keyPrefix', () => {
  it('is readable, and ends with its separator', () => {
    expect(keyPrefix('shop')).toBe('shop:')
    expect(keyPrefix()).toBe('tiercel:')
    expect(keyPrefix('')).toBe(':')
  })

  it('keeps prefix a with key b:c and prefix a:b with key c apart', () => {
    expect(`${keyPrefix('a')}b:c`).not.toBe(`${keyPrefix('a:b')}c`)
  })

  it('never lets one prefix and key spell another', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '%', '3', 'A'), maxLength: 8 })
    fc.assert(
      fc.property(text, text, text, text, (prefix, key, otherPrefix, otherKey) => {
        const same = prefix === otherPrefix && key === otherKey
        expect(keyPrefix(prefix) + key === keyPrefix(otherPrefix) + otherKey).toBe(same)
      }),
      { numRuns: 2_000 },
    )
  })

  it('never begins with another prefix', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ':', '%'), maxLength: 5 })
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        expect(keyPrefix(prefix).startsWith(keyPrefix(other))).toBe(prefix === other)
      }),
    )
  })

  it.each([5, null, '\ud800', 'x'.repeat(101), '猫'.repeat(34), ':'.repeat(34)])('refuses %j', (prefix) => {
    expect(() => keyPrefix(prefix)).toThrow(/^prefix: /)
  })
})
