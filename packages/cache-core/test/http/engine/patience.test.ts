import { describe, expect, it } from 'vitest'
import { Patience } from '../../../src/http/engine/patience.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

describe('how long requests wait for the runs of others', () => {
  const setUp = async (waitedMs: number) => {
    const clock = new FakeClock()
    const patience = new Patience(clock, { waitTimeoutMs: 500, hardTimeoutMs: 30_000 })
    const { waitUntil } = patience
    await clock.advance(waitedMs)
    patience.ranAlone({ waitUntil }, 'slot')
    return patience
  }

  it.each([500, 499.5, 498.5])(
    'after one has waited %d of 500 ms, as a timer that ends early has it, nobody waits',
    async (ms) => {
      const patience = await setUp(ms)
      expect(patience.left({ waitUntil: patience.waitUntil }, 'slot')).toBe(0)
      expect(patience.left({ waitUntil: patience.waitUntil }, 'other')).toBe(500)
    },
  )

  it('one that ran alone without waiting tells nothing', async () => {
    const patience = await setUp(100)
    expect(patience.left({ waitUntil: patience.waitUntil }, 'slot')).toBe(500)
  })
})
