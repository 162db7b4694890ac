import { afterEach, describe, expect, it, vi } from 'vitest'
import { Near } from '../../../src/protocol/near.js'
import { Slots } from '../../../src/protocol/slots.js'
import { findViolation } from './find-violation.js'
import { runScenario } from './scenario.js'
import type { ScenarioOptions } from './scenario-options.js'
import {
  NEAR,
  NEAR_AND_FAULTS,
  NEAR_MARK_GRACE,
  NEAR_MENDED,
  NEAR_NAMED_TAGS,
  NEAR_OUTAGES,
  NEAR_SETS,
  NEAR_STALE,
  NEAR_STRICT,
  NEAR_TAGS,
} from './scenarios.js'

const SEEDS = process.env.TIERCEL_LONG === '1' ? 10_000 : 40

async function explore(options: ScenarioOptions): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await runScenario(seed, options)
    if (outcome.violations.length > 0) expect.fail(`seed ${seed}\n${outcome.trace.join('\n')}\n${outcome.violations}`)
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('no near cache answers what is older than an invalidation it has heard of', { timeout: 3_600_000 }, () => {
  it('when the connections of the bus break and are mended', async () => {
    await explore(NEAR)
  })

  it('when what is held ends while connections are mended', async () => {
    await explore(NEAR_MENDED)
  })

  it('when a mark cannot be read and is believed for a while', async () => {
    await explore(NEAR_MARK_GRACE)
  })

  it('when the store is away, and what was near is served on', async () => {
    await explore(NEAR_OUTAGES)
  })

  it('when the versions of namespaces are not held', async () => {
    await explore(NEAR_STRICT)
  })

  it('when replies and messages are lost, the store evicts, loaders fail and processes crash', async () => {
    await explore(NEAR_AND_FAULTS)
  })

  it('when values are set and added beside the loads', async () => {
    await explore(NEAR_SETS)
  })

  it('when entries are invalidated by their tags, static ones and named by loaders', async () => {
    await explore(NEAR_TAGS)
    await explore(NEAR_NAMED_TAGS)
  })

  it('when values are served stale and refreshed', async () => {
    await explore(NEAR_STALE)
  })
})

describe('a broken near cache is caught', { timeout: 120_000 }, () => {
  it('reads and loads that are not fenced (N2)', async () => {
    const enter = Near.prototype.enterAlone
    vi.spyOn(Near.prototype, 'enterAlone').mockImplementation(function (this: Near, reading, content) {
      const now = this.begin(reading.slot)
      enter.call(this, now, content)
      this.end(now)
    })
    expect(await findViolation(NEAR, 27)).toContain('was invalidated before')
  })

  it('a message that is sent before the store has changed (N1)', async () => {
    vi.spyOn(Slots.prototype, 'changing').mockImplementation(async function (this: Slots, slots, write) {
      for (const slot of slots) this.near?.invalidate(slot)
      await Promise.all(slots.map((slot) => this.bus?.tell(slot)))
      const result = await write()
      for (const slot of slots) this.near?.invalidate(slot)
      return result
    })
    expect(await findViolation(NEAR)).toContain('was invalidated before')
  })

  it('entries that are served on after the loss of the bus while the store answers (N3)', async () => {
    vi.spyOn(Near.prototype, 'isOff').mockReturnValue(false)
    expect(await findViolation({ ...NEAR, busBreaks: 8 }, 49)).toContain('was invalidated before')
  })

  it('a drop at the loss of the bus, and no other (N3)', async () => {
    const link = Near.prototype.link
    const started = new WeakSet<Near>()
    vi.spyOn(Near.prototype, 'link').mockImplementation(function (this: Near, linked) {
      if (!started.has(this)) link.call(this, linked)
      else if (!linked) this.drop('bus-lost')
      started.add(this)
    })
    expect(await findViolation({ ...NEAR, busBreaks: 8 }, 289)).toContain('was invalidated before')
  })

  it('marks that are believed as they were read before messages were lost (N3)', async () => {
    vi.spyOn(Near.prototype, 'drops', 'get').mockReturnValue(0)
    expect(await findViolation(NEAR_MENDED)).toContain('was invalidated before')
  })

  it('a delete that leaves the near cache of its process only when it is sent (N4)', async () => {
    vi.spyOn(Slots.prototype, 'changing').mockImplementation(async function (this: Slots, slots, write) {
      for (const slot of slots) this.near?.invalidate(slot)
      const result = await write()
      await Promise.all(slots.map((slot) => this.bus?.tell(slot)))
      return result
    })
    expect(await findViolation(NEAR)).toContain('was invalidated before')
  })
})
