import { describe, expect, it } from 'vitest'
import type { Outcome } from './outcome.js'
import { runScenario } from './scenario.js'
import type { ScenarioOptions } from './scenario-options.js'
import {
  ABANDONED,
  ABANDONED_ALONE,
  ABANDONED_AND_FAULTS,
  CALM,
  CRASHED_HOLDERS,
  EVICTIONS_AND_CRASHES,
  HEDGES,
  HEDGES_AND_FAULTS,
  HELD_NAMED_TAGS,
  HELD_TAGS,
  HELD_VERSIONS,
  LAGGING,
  LAGGING_AND_FAULTS,
  LONG_LOADS,
  LOST_EXTENSIONS,
  LOST_MARKS,
  LOST_REPLIES,
  MARK_GRACE,
  NAMED_TAGS,
  NAMED_TAGS_AND_FAULTS,
  SETS,
  SHORT_WAITS,
  STALE,
  STALE_AND_FAULTS,
  STALE_TAGS,
  TAGS,
  TAGS_AND_FAULTS,
  THREE_SLOTS,
  WRITERS,
} from './scenarios.js'

const LONG = process.env.TIERCEL_LONG === '1'
const SEEDS = LONG ? 10_000 : 300
/** Of those with tags or several servers, which have more callers and are many. */
const FEW_SEEDS = LONG ? 10_000 : 100

/** Runs every seed; the first violation fails with its trace, so that the seed can be read. */
async function explore(
  options: ScenarioOptions,
  check?: (outcome: Outcome) => void,
  seeds = options.tags === 'none' && options.servers === 1 ? SEEDS : FEW_SEEDS,
): Promise<void> {
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await runScenario(seed, options)
    if (outcome.violations.length > 0) expect.fail(`seed ${seed}\n${outcome.trace.join('\n')}\n${outcome.violations}`)
    check?.(outcome)
  }
}

describe('every interleaving that the seeds reach', { timeout: 3_600_000 }, () => {
  it('loads a cold key once among all processes (I1)', async () => {
    await explore({ ...CALM, spreadMs: 100, promptStore: true }, ({ loads }) => expect(loads).toBe(1))
  })

  it('loads it once however long the load takes: the lease is extended (I1)', async () => {
    await explore(LONG_LOADS, ({ loads }) => expect(loads).toBe(1))
  })

  it('never answers or stores what is older than a returned invalidation, and every call ends (I2, I3)', async () => {
    await explore(WRITERS)
  })

  it('keeps that when replies are lost and writes are executed late', async () => {
    await explore(LOST_REPLIES)
  })

  it('keeps that when extensions of leases are lost or late, and others take over', async () => {
    await explore(LOST_EXTENSIONS)
  })

  it('keeps that when values are set and added beside the loads, and loaders throw, skip or find nothing', async () => {
    await explore(SETS)
  })

  it('keeps that when the store evicts and processes crash', async () => {
    await explore(EVICTIONS_AND_CRASHES)
  })

  it('keeps that when waiting ends early and processes load without a lease', async () => {
    await explore(SHORT_WAITS)
  })

  it('keeps that when loads take suspiciously long, and others load beside them', async () => {
    let hedges = 0
    const count = (outcome: Outcome): void => {
      hedges += outcome.hedges
    }
    await explore(HEDGES, count, FEW_SEEDS / 2)
    await explore(HEDGES_AND_FAULTS, count, FEW_SEEDS / 2)
    expect(hedges).toBeGreaterThan(FEW_SEEDS / 4)
  })

  it('keeps that when versions of namespaces are held', async () => {
    await explore(HELD_VERSIONS)
  })

  it('keeps that when loaders read a replica that lags behind, and deletes hold off what they load', async () => {
    await explore(LAGGING, undefined, FEW_SEEDS)
    await explore(LAGGING_AND_FAULTS, undefined, FEW_SEEDS)
  })

  it('keeps that when values are served stale and refreshed, in front and behind', async () => {
    await explore(STALE)
  })

  it('keeps that when refreshes fail, are lost or crash', async () => {
    await explore(STALE_AND_FAULTS)
  })

  it('keeps that when loads learn nothing, and leaves what they were to replace (I5)', async () => {
    await explore(ABANDONED, undefined, FEW_SEEDS / 2)
    await explore(ABANDONED_ALONE, undefined, FEW_SEEDS / 2)
    await explore(ABANDONED_AND_FAULTS, undefined, FEW_SEEDS / 2)
  })

  it('keeps that for tags, hard and soft', async () => {
    await explore(TAGS)
  })

  it('keeps that for tags that are held', async () => {
    await explore(HELD_TAGS)
  })

  it('keeps that for tags when replies are lost, the store evicts and processes crash', async () => {
    await explore(TAGS_AND_FAULTS)
  })

  it('keeps that for tags when values are served stale', async () => {
    await explore(STALE_TAGS)
  })

  it('keeps that for tags that the loader names', async () => {
    await explore(NAMED_TAGS)
  })

  it('keeps that for tags that the loader names, and that are held', async () => {
    await explore(HELD_NAMED_TAGS)
  })

  it('keeps that for tags that the loader names when replies are lost, the store evicts and processes crash', async () => {
    await explore(NAMED_TAGS_AND_FAULTS)
  })

  it('keeps that when the server of a mark is away, parted or back empty (P5)', async () => {
    await explore(LOST_MARKS)
  })

  it('keeps that, as late as markGrace says', async () => {
    await explore(MARK_GRACE)
  })

  it('keeps that when a mark has three slots, and their servers are away, parted or back empty', async () => {
    await explore(THREE_SLOTS)
  })

  it('loads again within a lease and one poll when the process that loads crashes (I4)', async () => {
    await explore(CRASHED_HOLDERS)
  })
})
