import { createCipheriv, createDecipheriv } from 'node:crypto'

/*
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key made of the first half of a nonce of 24 bytes.
 * Plain AES-256-GCM takes 12, and random ones must end after 2^32 messages of a key (NIST SP 800-38D, section 8.3): 50
 * days of a thousand writes a second. Here it is 2^80.
 */

export const KEY_BYTES = 32
export const NONCE_BYTES = 24
export const TAG_BYTES = 16

const BLOCK_BYTES = 16

/** A key with what of the derivation does not depend on the nonce. */
export interface XaesKey {
  readonly key: Buffer
  /** CMAC's first subkey (NIST SP 800-38B, section 6.1). */
  readonly subkey: Buffer
}

/** @param key 32 bytes. */
export function xaesKey(key: Buffer): XaesKey {
  const subkey = encryptBlocks(key, Buffer.alloc(BLOCK_BYTES))
  let carry = 0
  for (let i = BLOCK_BYTES - 1; i >= 0; i--) {
    const byte = subkey[i] as number
    subkey[i] = (byte << 1) | carry
    carry = byte >> 7
  }
  subkey[BLOCK_BYTES - 1] = (subkey[BLOCK_BYTES - 1] as number) ^ (carry * 0x87)
  return { key, subkey }
}

/** Ciphertext and tag. */
export function encrypt(key: XaesKey, nonce: Buffer, plain: Uint8Array, associated: Uint8Array): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', derive(key, nonce), nonce.subarray(12))
  cipher.setAAD(associated)
  return [cipher.update(plain), cipher.final(), cipher.getAuthTag()]
}

/** @throws where key, nonce, associated data, ciphertext or tag are not those of one message. */
export function decrypt(key: XaesKey, nonce: Buffer, sealed: Buffer, associated: Uint8Array): Buffer {
  const tagAt = sealed.byteLength - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', derive(key, nonce), nonce.subarray(12), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(tagAt))
  return Buffer.concat([decipher.update(sealed.subarray(0, tagAt)), decipher.final()])
}

/** The key of one message: two blocks of CMAC in counter mode (NIST SP 800-108). */
function derive({ key, subkey }: XaesKey, nonce: Buffer): Buffer {
  const blocks = Buffer.alloc(2 * BLOCK_BYTES)
  for (const counter of [1, 2]) {
    const block = blocks.subarray((counter - 1) * BLOCK_BYTES)
    block[1] = counter
    block[2] = 0x58
    nonce.copy(block, 4, 0, 12)
    for (let i = 0; i < BLOCK_BYTES; i++) block[i] = (block[i] as number) ^ (subkey[i] as number)
  }
  return encryptBlocks(key, blocks)
}

function encryptBlocks(key: Buffer, blocks: Buffer): Buffer {
  // Each block by itself, as CMAC of one block is: no mode of encryption.
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(blocks), cipher.final()])
}
