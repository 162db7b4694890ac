import { randomBytes } from 'node:crypto'

export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

/** Each byte value once. */
export const ALL_BYTE_VALUES: Buffer = Buffer.from(Array.from({ length: 256 }, (_, value) => value))

/** This many random bytes. Beyond 1 MiB the block repeats, which still reveals a driver that splits values anywhere. */
export function noise(length: number): Buffer {
  const block = randomBytes(Math.min(length, 1_048_573))
  return length <= block.byteLength ? block : Buffer.alloc(length, block)
}
