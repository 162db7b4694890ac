import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError } from '../../../src/base/errors.js'
import { MAX_KEY_BYTES } from '../../../src/store/capabilities.js'
import { engineKey as engineKeyOf, openOriginal, sealOriginal } from '../../../src/store/guard/long-keys.js'

const engineKey = (key: unknown, engineMaxBytes: number) => engineKeyOf(key, engineMaxBytes, MAX_KEY_BYTES)

describe('engineKey', () => {
  it('leaves a short key as it is', () => {
    expect(engineKey('user:1 é猫\r\n\0', 250)).toEqual({ text: 'user:1 é猫\r\n\0', original: undefined })
  })

  it('counts bytes of UTF-8, not characters', () => {
    expect(engineKey('猫'.repeat(83), 250).original).toBeUndefined()
    expect(engineKey('猫'.repeat(84), 250).original).toBeDefined()
    expect(engineKey('x'.repeat(250), 250).original).toBeUndefined()
    expect(engineKey('x'.repeat(251), 250).original).toBeDefined()
  })

  it('hashes into fewer bytes than any engine takes', () => {
    const { text } = engineKey('x'.repeat(MAX_KEY_BYTES), 60)
    expect(text).toMatch(/^#[\w-]{43}$/)
  })

  it('hashes a key that begins like a hash, so that none can spell another', () => {
    const hashed = engineKey('x'.repeat(300), 250).text
    expect(engineKey(hashed, 250).text).not.toBe(hashed)
  })

  it('keeps keys with lone surrogates apart, which are all one in UTF-8', () => {
    expect(Buffer.from('\ud800').equals(Buffer.from('\ud801'))).toBe(true)
    expect(engineKey('\ud800', 250).text).not.toBe(engineKey('\ud801', 250).text)
  })

  it.each(['', 5, null, undefined, ['a'], 'x'.repeat(MAX_KEY_BYTES + 1), '猫'.repeat(21_846)])('refuses %#', (key) => {
    expect(() => engineKey(key, 250)).toThrow(InvalidKeyError)
  })

  it('takes the longest key', () => {
    expect(engineKey('x'.repeat(MAX_KEY_BYTES), Number.MAX_SAFE_INTEGER).text).toHaveLength(MAX_KEY_BYTES)
  })

  it('never makes one text of two keys', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1, maxLength: 80, unit: 'binary' }),
      fc.string({ minLength: 1, maxLength: 4 }).map((text) => `#${text}`),
      fc.uint16Array({ minLength: 1, maxLength: 4 }).map((units) => String.fromCharCode(...units)),
    )
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(engineKey(a, 40).text === engineKey(b, 40).text).toBe(a === b)
      }),
    )
  })
})

describe('the original of a hashed key', () => {
  const original = Buffer.from('the key', 'utf16le')

  it('travels with the bytes and is taken off again', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const opened = openOriginal(original, sealOriginal(original, bytes))
        expect(opened && Buffer.from(opened).equals(bytes)).toBe(true)
      }),
    )
  })

  it('is verified: the value of another key is a miss', () => {
    const sealed = sealOriginal(Buffer.from('another', 'utf16le'), Buffer.from('bytes'))
    expect(openOriginal(original, sealed)).toBeUndefined()
    expect(openOriginal(Buffer.from('the kez', 'utf16le'), sealOriginal(original, Buffer.from('x')))).toBeUndefined()
  })

  it('makes a miss of any foreign bytes, never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(openOriginal(original, bytes)).toBeUndefined()
      }),
    )
  })
})
