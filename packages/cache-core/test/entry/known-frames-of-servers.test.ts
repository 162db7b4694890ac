import { describe, expect, it } from 'vitest'
import { IntactFrames } from '../../src/entry/intact-frames.js'

const FRAME = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7_919) % 251))

function known(): IntactFrames {
  const frames = new IntactFrames()
  frames.add('slot', FRAME)
  return frames
}

describe('frames that were found intact', () => {
  it('are known again', () => {
    expect(known().has('slot', Buffer.from(FRAME))).toBe(true)
  })

  it('in their own slot', () => {
    expect(known().has('other', FRAME)).toBe(false)
  })

  it.each([0, 4, 45, 1_000, 19_999])('are others with another byte at %i', (at) => {
    const other = Buffer.from(FRAME)
    other[at] = (other[at] as number) ^ 1
    expect(known().has('slot', other)).toBe(false)
  })

  it('are others when they are torn', () => {
    expect(known().has('slot', FRAME.subarray(0, -1))).toBe(false)
    expect(known().has('slot', Buffer.concat([FRAME, Buffer.alloc(1)]))).toBe(false)
  })
})
