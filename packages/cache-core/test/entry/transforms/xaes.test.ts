import { expect, it } from 'vitest'
import { decrypt, encrypt, xaesKey } from '../../../src/entry/transforms/xaes.js'

const NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')
const PLAIN = Buffer.from('XAES-256-GCM')

// The two vectors of the specification: their keys differ in the carry of the subkey.
it.each([
  [1, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
  [3, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
])('a key of bytes %i makes what the specification says, and opens it', (byte, associated, sealed) => {
  const key = xaesKey(Buffer.alloc(32, byte))
  const bound = Buffer.from(associated)
  expect(Buffer.concat(encrypt(key, NONCE, PLAIN, bound)).toString('hex')).toBe(sealed)
  expect(decrypt(key, NONCE, Buffer.from(sealed, 'hex'), bound)).toEqual(PLAIN)
})
