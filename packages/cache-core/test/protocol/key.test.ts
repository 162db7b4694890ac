import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError } from '../../src/base/errors.js'
import { type Key, keyName, keyText } from '../../src/protocol/key.js'
import { slotKey } from '../../src/protocol/slot.js'

const MAX_KEY_BYTES = 65_536

const parts = fc.array(fc.string({ unit: fc.constantFrom(':', '%', '3', 'A', 'a', 'é') }), {
  minLength: 2,
  maxLength: 4,
})

describe('a key', () => {
  it('of other parts is another key', () => {
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        expect(keyText(left) === keyText(right)).toBe(JSON.stringify(left) === JSON.stringify(right))
      }),
    )
    expect(keyText(['a', 'b:c'])).not.toBe(keyText(['a:b', 'c']))
    expect(keyText('a:b')).not.toBe(keyText(['a', 'b']))
  })

  it('of a number is the key of its text', () => {
    expect(keyText(['user', 7])).toBe(keyText(['user', '7']))
  })

  it('spells no slot of another type or namespace', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (namespace, key) => {
        expect(slotKey('value', '', keyText(key))).not.toBe(slotKey('namespace', namespace))
        expect(slotKey('value', '', keyText(`${namespace}:${key}`))).not.toBe(slotKey('value', namespace, keyText(key)))
      }),
    )
  })

  it('has 1 byte to 64 KiB, its parts together, escapes not counted', () => {
    expect(() => keyText('x'.repeat(MAX_KEY_BYTES))).not.toThrow()
    expect(() => keyText(':'.repeat(MAX_KEY_BYTES))).not.toThrow()
    expect(() => keyText([':'.repeat(MAX_KEY_BYTES)])).not.toThrow()
    expect(() => keyText('x'.repeat(MAX_KEY_BYTES + 1))).toThrow(InvalidKeyError)
    expect(() => keyText('é'.repeat(MAX_KEY_BYTES / 2 + 1))).toThrow(InvalidKeyError)
    expect(() => keyText(['x'.repeat(MAX_KEY_BYTES), 'y'])).toThrow(InvalidKeyError)
  })

  it.each([
    ['empty', ''],
    ['no part', []],
    ['an empty part alone', ['']],
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', {}],
    ['a part that is an object', ['a', {}]],
    ['a part that is undefined', ['a', undefined]],
    ['a part that is not finite', ['a', Number.NaN]],
    ['a part that is a boolean', [true]],
  ])('that is %s is refused', (_, key) => {
    expect(() => keyText(key as Key)).toThrow(InvalidKeyError)
  })

  it('is shown as the caller wrote it', () => {
    expect(keyName('a:b%')).toBe('a:b%')
    expect(keyName(['user', 7, 'a:b'])).toBe('user:7:a:b')
  })
})
