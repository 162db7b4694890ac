import { describe, expect, it } from 'vitest'
import {
  type Answering,
  always,
  halfOpen,
  inTurns,
  narrow,
  oneAfterTheOther,
  onWrites,
  pausing,
  UnwellServer,
} from '../../support/unwell-server.js'

/** How long each is unwell, and from when on callers wait for it no more. */
const UNWELL_MS = 4_000
const SETTLED_MS = 2_000
const BACK_WITHIN_MS = 200
const AWAY_TIMES = 6

describe.each([4, 16])('a server that is asked by %i callers and', (callers) => {
  const NEVER = Number.POSITIVE_INFINITY
  it.each<[string, () => Answering]>([
    ['answers nothing', () => always(NEVER)],
    ['is always late', () => always(200)],
    ['is always late by a millisecond', () => always(51)],
    ['is late every other time', () => oneAfterTheOther(30, 70)],
    ['has a line of 50 KB/s', () => narrow(50_000)],
    ['has a line of 200 KB/s', () => narrow(200_000)],
    ['pauses after every ten answers', () => pausing(300, 10)],
    ['is gone, behind a connection that is not told', () => halfOpen],
    ['holds writes back', () => onWrites(always(NEVER))],
    ['is late with writes', () => onWrites(always(250))],
  ])('%s costs no deadlines after two seconds, and is back within 200 ms', async (_, make) => {
    const server = new UnwellServer({ callers })
    await server.clock.advance(500)
    server.fail(make())
    await server.clock.advance(SETTLED_MS)
    server.missed = 0
    await server.clock.advance(UNWELL_MS - SETTLED_MS)
    const { missed } = server
    server.wake()
    const { readsMs, writesMs } = await server.untilBack()
    await server.stop()
    expect(missed).toBe(0)
    expect(readsMs).toBeLessThanOrEqual(BACK_WITHIN_MS)
    expect(writesMs).toBeLessThanOrEqual(BACK_WITHIN_MS)
  })

  it('comes and goes in quick turns is given up, and is back within a bit more than a second', async () => {
    const server = new UnwellServer({ callers })
    server.fail(inTurns(300, 600))
    await server.clock.advance(6_000)
    server.missed = 0
    await server.clock.advance(3_000)
    const { missed } = server
    server.wake()
    const { readsMs } = await server.untilBack()
    await server.stop()
    expect(missed).toBe(0)
    expect(readsMs).toBeLessThanOrEqual(1_200)
  })

  it('is away again and again, with seconds between, is back within 200 ms each time, and costs no more deadlines than the first time', async () => {
    const server = new UnwellServer({ callers })
    for (let round = 0; round < AWAY_TIMES; round++) {
      await server.clock.advance(2_000)
      server.fail(round % 2 === 0 ? always(NEVER) : halfOpen)
      await server.clock.advance(1_500)
      server.wake()
      const { readsMs, writesMs } = await server.untilBack()
      expect(readsMs).toBeLessThanOrEqual(BACK_WITHIN_MS)
      expect(writesMs).toBeLessThanOrEqual(BACK_WITHIN_MS)
    }
    const { missed } = server
    await server.stop()
    // Five failures, and what each caller and the writer had under way by then: up to two reads and a write.
    expect(missed).toBeLessThanOrEqual(AWAY_TIMES * (5 + 3 * (callers + 1)))
  })
})
