import { describe, expect, it } from 'vitest'
import { redisRig } from '../src/rigs/redis.js'
import { soakFaults } from '../src/scenarios/index.js'
import { soak } from '../src/soak.js'
import { holds } from '../src/soak-all.js'

const LONG = process.env.TIERCEL_LONG !== undefined
/** Some ten faults, or two. */
const TERMS = LONG ? { forMs: 60_000, faultMs: 2_000, calmMs: 3_000 } : { forMs: 1_500, faultMs: 400, calmMs: 400 }

describe('mixed load while a fault follows the other', { timeout: 300_000 }, () => {
  it('leaves nothing behind, and prints nothing', async ({ skip }) => {
    const rig = await redisRig()
    if (rig === undefined) return skip('its engine cannot be started here')
    const result = await soak(rig, soakFaults.Redis, TERMS)
    await rig.stop()
    expect(result.problems).toEqual([])
    expect(result.printed).toEqual([])
    expect(holds(result)).toBe(true)
  })
})
