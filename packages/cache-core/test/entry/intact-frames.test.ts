import { expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '../../src/entry/frame.js'

it.each([10, 100_000])('a damaged copy of a frame of %i bytes is dead, though the frame itself was read', (size) => {
  const times = { createdAt: 1, freshUntil: 2, revalidateUntil: 2, keepUntil: 2 }
  const bytes = encodeFrame({
    kind: 'value',
    encoding: 'bytes',
    payload: Buffer.alloc(size, 7),
    marks: [],
    loadMs: 0,
    ...times,
  })
  const frame = decodeFrame(bytes)
  expect(frame).toMatchObject({ kind: 'value', freshUntil: 2 })
  expect(decodeFrame(bytes)).toEqual(frame)
  const damaged = Buffer.from(bytes)
  damaged[size] = (damaged[size] as number) ^ 1
  expect(decodeFrame(damaged)).toBeUndefined()
  expect(decodeFrame(damaged)).toBeUndefined()
})
