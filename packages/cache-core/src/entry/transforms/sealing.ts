import { hkdfSync, randomFillSync } from 'node:crypto'
import { bufferOf } from '../../base/bytes.js'
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES, type XaesKey, xaesKey } from './xaes.js'

/** Names the secret that a payload was sealed with, so that a reader does not have to try them all. */
const ID_BYTES = 4
/** What sealing adds to a payload. */
const SEAL_BYTES = ID_BYTES + NONCE_BYTES + TAG_BYTES

/** Separates these keys from any others that an application derives from the same secret. */
const KEY_INFO = 'tiercel entry key'
const ID_INFO = 'tiercel entry key id'

interface SealKey extends XaesKey {
  readonly id: Buffer
}

/**
 * Seals payloads with the first of the secrets, and opens what was sealed with any of them:
 * id of the secret (4 bytes), nonce (24), ciphertext, tag (16).
 */
export class Sealing {
  readonly #keys: readonly SealKey[]

  /** @param secrets At least one. Their keys are derived once, here. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map(sealKeyOf)
  }

  /** @param bound What must be the same when it is opened: the frame's header, the slot. */
  seal(payload: Uint8Array, bound: Uint8Array): Buffer {
    const key = this.#keys[0] as SealKey
    const nonce = randomFillSync(Buffer.allocUnsafe(NONCE_BYTES))
    return Buffer.concat([key.id, nonce, ...encrypt(key, nonce, payload, bound)])
  }

  /** `undefined` where it was sealed with another secret, bound to something else, or tampered with. */
  open(payload: Uint8Array, bound: Uint8Array): Buffer | undefined {
    if (payload.byteLength < SEAL_BYTES) return undefined
    const bytes = bufferOf(payload)
    const id = bytes.subarray(0, ID_BYTES)
    const nonceEnd = ID_BYTES + NONCE_BYTES
    // Two secrets may, once in four billion times, have the same id.
    for (const key of this.#keys) {
      if (!key.id.equals(id)) continue
      try {
        return decrypt(key, bytes.subarray(ID_BYTES, nonceEnd), bytes.subarray(nonceEnd), bound)
      } catch {
        // Not with this one.
      }
    }
    return undefined
  }
}

/** HKDF (RFC 5869) over SHA-256. */
function sealKeyOf(secret: string): SealKey {
  const derive = (info: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
  return { ...xaesKey(derive(KEY_INFO, KEY_BYTES)), id: derive(ID_INFO, ID_BYTES) }
}
