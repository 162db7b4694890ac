import { describe, expect, it } from 'vitest'
import { STAMP_BYTES, VersionStamps } from '../../../src/store/kit/version-stamps.js'

describe('VersionStamps', () => {
  it('stands before the bytes, which stay as they are', () => {
    const stamped = new VersionStamps().stamp(Uint8Array.of(0, 1, 255))
    expect(stamped).toHaveLength(STAMP_BYTES + 3)
    expect([...stamped.subarray(STAMP_BYTES)]).toEqual([0, 1, 255])
  })

  it('is never the same twice, in one instance and between two', () => {
    const instances = [new VersionStamps(), new VersionStamps()]
    const stamps = Array.from({ length: 2_000 }, (_, index) =>
      (instances[index % 2] as VersionStamps).stamp(new Uint8Array()).toString('hex'),
    )
    expect(new Set(stamps).size).toBe(2_000)
  })
})
