import { afterAll, describe, expect, it } from 'vitest'
import { playAll } from '../src/all.js'
import type { Outcome } from '../src/outcome.js'
import { table } from '../src/report.js'
import { scenarios } from '../src/scenarios/index.js'

const LONG = process.env.TIERCEL_LONG !== undefined
/** Those that idle most of their time: two cores are enough. One at a time where times are to be believed. */
const AT_ONCE = LONG ? 2 : 8
const LASTS_MS = LONG ? 10_000 : 2_500
/** All of them, on a machine that has other things to do. */
const ALL_MS = 1_800_000
/** Keys that nobody changes. */
const HOT_KEYS = 8
/**
 * What may wait in vain until the breakers of two clients are open: five failures of each, and what four callers and a
 * writer have under way by then, each up to two reads and a write.
 */
const MOST_MISSED = 2 * (5 + 5 * 3)
const played = scenarios.filter(({ long }) => LONG || long !== true)
/**
 * What a call may cost beside its load once a breaker is open, at the median, in milliseconds; it is measured to cost
 * less than one. The load is a timer: on a busy machine it is late, too.
 */
const OVERHEAD_MS = 25
/**
 * From the end of a fault until each client has had a hit, as far as a witness was answered in time meanwhile. Where
 * eight scenarios share two cores their clients are late even so; what waits for a pause of its driver is later still.
 */
const BACK_WITHIN_MS = LONG ? 200 : 1_000
/** A load takes five: where it takes more than this, all else takes as much longer. */
const BUSY_LOAD_MS = 10

const playing = playAll(played, { lastsMs: LASTS_MS, atOnce: AT_ONCE })
for (const outcome of playing.values()) outcome.catch(() => {})

describe('faults', () => {
  const outcomes: Outcome[] = []
  afterAll(() => console.log(table(outcomes)))

  it.for(played.map((scenario) => [scenario.engine, scenario.fault.name, scenario] as const))(
    '%s: %s',
    { timeout: ALL_MS },
    async ([, , scenario], { skip }) => {
      const outcome = await playing.get(scenario)
      if (outcome === undefined) return skip('its engine cannot be started here')
      outcomes.push(outcome)
      const { errors, wrong, stale, requests, recoveryMs, deliveredMs, p50, loadP50 } = outcome
      const { missed, settledMissed, hotLoads, nearDrops, wellUntilBackMs } = outcome
      expect({ errors, wrong, stale }).toEqual({ errors: [], wrong: [], stale: [] })
      expect(requests).toBeGreaterThan(40)
      const { answersNothing, answersSoon, comesAndGoes } = scenario.fault
      // Elsewhere the store answers, as fast as the machine is.
      if (answersNothing && !scenario.oneOfMany) expect(p50).toBeLessThan(2 * loadP50 + OVERHEAD_MS)
      // An open breaker lets nobody wait. Of several servers the others are asked, and may be late.
      if ((answersNothing || answersSoon) && !scenario.oneOfMany) expect(settledMissed).toBe(0)
      if (answersNothing && !scenario.oneOfMany) expect(missed).toBeLessThanOrEqual(MOST_MISSED)
      // None, unless a busy machine has lost messages.
      if (scenario.keepsHot) expect(hotLoads).toBeLessThanOrEqual(nearDrops * HOT_KEYS)
      if (scenario.fault.end === undefined) return
      expect([recoveryMs, deliveredMs]).not.toContain(undefined)
      if (!comesAndGoes) expect(wellUntilBackMs).toBeLessThan(BACK_WITHIN_MS * Math.max(1, loadP50 / BUSY_LOAD_MS))
    },
  )
})
