import { setTimeout as delay } from 'node:timers/promises'
import { guardStore, type Store } from '@tiercel/cache-core/store'
import { type Outcome, summarize } from './outcome.js'
import { openParty } from './party.js'
import type { Rig } from './rigs/rig.js'
import type { Scenario, Stage } from './scenarios/scenario.js'
import type { Client } from './traffic/client.js'
import type { Traffic } from './traffic/traffic.js'
import { Witness } from './traffic/witness.js'

export interface PlayTerms {
  /** How long the fault lasts, in milliseconds. */
  readonly lastsMs: number
}

/** How long there is traffic before the fault, and after all is well again. */
const BEFORE_MS = 300
const AFTER_MS = 500
/** Beyond this nothing comes back, even on the busiest machine. */
const GIVE_UP_MS = 60_000
/** Fewer requests prove nothing: a fault lasts until there are as many. */
const LEAST_REQUESTS = 50

/** Plays a scenario; `undefined` if its engine cannot be started here. */
export async function play(scenario: Scenario, terms: PlayTerms): Promise<Outcome | undefined> {
  const rig = await scenario.start()
  if (rig === undefined) return undefined
  try {
    return await playOn(rig, scenario, terms)
  } finally {
    await rig.stop()
  }
}

/** Plays it on servers that are up and well, and are well again afterwards if the fault ends. */
export async function playOn(rig: Rig, scenario: Scenario, { lastsMs }: PlayTerms): Promise<Outcome> {
  const { fault, lateMs = 0 } = scenario
  const party = await openParty(rig, scenario)
  const { stage, clients, traffic, missed, nearDrops, promises } = party
  const witness = fault.answersSoon ? new Witness(guardStore(rig.openBehind('witness'))) : undefined
  try {
    const dropsBefore = nearDrops.count
    await delay(BEFORE_MS)
    const beginsAt = performance.now()
    if (fault.answersNothing) promises.messagesMayBeLost()
    await fault.begin(stage)
    const begunAt = performance.now()
    const before = clients.map(({ loads }) => loads.length)
    await delay(Math.max(lastsMs, scenario.leastMs ?? 0))
    while (traffic.requests.filter(({ startedAt }) => startedAt >= begunAt).length < LEAST_REQUESTS) await delay(20)
    const endingAt = performance.now()
    const dropped = nearDrops.count - dropsBefore
    const loads = clients.flatMap((client, index) => client.loads.slice(before[index]))
    await fault.end?.(stage)
    const endedAt = performance.now()
    const comeback = fault.end && new Witness(guardStore(rig.openBehind('comeback')))
    promises.messagesAreHeard()
    const [recoveryMs, deliveredMs] = await Promise.all([
      fault.end && recovery(traffic, clients, endedAt),
      fault.end && untilDelivered(clients, endedAt),
      delay(Math.max(AFTER_MS + lateMs, scenario.settleMs ?? 0)),
    ])
    await Promise.all([traffic.stop(), comeback?.stop()])
    const { requests, errors } = traffic
    return summarize({
      scenario,
      requests,
      errors,
      beginsAt,
      begunAt,
      endingAt,
      live: scenario.oneOfMany ? liveKeys(party.stores[0] as Store, stage) : undefined,
      loads,
      hotLoads: loads.filter(({ key }) => party.isHot(key)).length,
      nearDrops: dropped,
      missed: missed.times,
      witness,
      recoveryMs,
      wellUntilBackMs: recoveryMs && comeback?.wellMs(endedAt, endedAt + recoveryMs),
      deliveredMs,
    })
  } finally {
    await Promise.all([party.close(), witness?.stop()])
  }
}

/** Keys whose server is not the one that fails. */
function liveKeys(store: Store, { machine, keys }: Stage): ReadonlySet<string> {
  const serverOf = store.serverOf?.bind(store)
  return new Set(keys.filter((key) => serverOf?.(`2:v::${key}`) !== machine.line?.address))
}

/** Waits until each client has had a hit on a request made after the end. */
async function recovery(
  { requests }: Traffic,
  clients: readonly Client[],
  endedAt: number,
): Promise<number | undefined> {
  let seen = 0
  const missing = new Set(clients.map(({ name }) => name))
  while (performance.now() < endedAt + GIVE_UP_MS) {
    for (; seen < requests.length; seen++) {
      const { client, hit, startedAt, ms } = requests[seen] as (typeof requests)[number]
      if (!hit || startedAt < endedAt) continue
      missing.delete(client)
      if (missing.size === 0) return startedAt + ms - endedAt
    }
    await delay(1)
  }
  return undefined
}

/** Waits until no invalidation is left that the store has not heard. */
async function untilDelivered(clients: readonly Client[], endedAt: number): Promise<number | undefined> {
  while (performance.now() < endedAt + GIVE_UP_MS) {
    if (clients.every(({ cache }) => cache.stats().journaled === 0)) return performance.now() - endedAt
    await delay(5)
  }
  return undefined
}
