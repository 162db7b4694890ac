import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { guardStore, type Store } from '@tiercel/cache-core/store'
import { openParty, type Party } from './party.js'
import { Printed } from './printed.js'
import type { Rig } from './rigs/rig.js'
import { NEAR } from './scenarios/near.js'
import type { Fault } from './scenarios/scenario.js'

export interface SoakTerms {
  readonly forMs: number
  /** How long a fault lasts, and how long it is calm between two, in milliseconds. */
  readonly faultMs: number
  readonly calmMs: number
}

/** What is held in calm times, after a garbage collection. */
export interface Sample {
  readonly heapBytes: number
  readonly descriptors: number
  /** Listeners of the process. Too many on any other emitter cause a warning, which counts as printed. */
  readonly listeners: number
}

export interface SoakResult {
  readonly requests: number
  readonly faults: number
  readonly samples: readonly Sample[]
  readonly problems: readonly string[]
  /** Output, warnings and unhandled rejections. */
  readonly printed: readonly string[]
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What a read may take by default. */
const IN_TIME_MS = 50
/** A cache that has no hit for this long, while the server answers in time, does not recover. */
const WELL_MS = 5_000
/** Beyond this nothing comes back, even on the busiest machine. */
const GIVE_UP_MS = 300_000
const LOOK_EVERY_MS = 20

/** Mixed load with one fault after another. What is held is sampled between them. */
export async function soak(
  rig: Rig,
  faults: readonly Fault[],
  { forMs, faultMs, calmMs }: SoakTerms,
): Promise<SoakResult> {
  const printed = new Printed()
  const party = await openParty(rig, rig.hasBus ? NEAR : {})
  const witness = guardStore(rig.open('witness'))
  const samples: Sample[] = []
  const problems: string[] = []
  let requests = 0
  const until = performance.now() + forMs
  const { traffic } = party
  let turn = 0
  for (; performance.now() < until; turn++) {
    const fault = faults[turn % faults.length] as Fault
    const stage = { ...party.stage, machine: rig.machines[turn % rig.machines.length] ?? party.stage.machine }
    await fault.begin(stage)
    await delay(faultMs)
    await fault.end?.(stage)
    const endedAt = performance.now()
    await delay(calmMs)
    await untilCalm(party, witness, endedAt).catch((error: unknown) => problems.push(`${fault.name}: ${String(error)}`))
    for (const { error, wrong, stale } of traffic.requests)
      for (const problem of [error, wrong, stale]) if (problem !== undefined) problems.push(`${fault.name}: ${problem}`)
    requests += traffic.requests.length
    traffic.requests.length = 0
    for (const { loads } of party.clients) loads.length = 0
    samples.push(sample())
  }
  await Promise.all([party.close(), witness.close()])
  return { requests, faults: turn, samples, problems: [...problems, ...traffic.errors], printed: printed.stop() }
}

/**
 * Waits until each client has had a hit, and has delivered what was invalidated meanwhile. The time allowed for that
 * counts only while the server answers a witness in time: on a machine where it does not, no cache can do better.
 */
async function untilCalm({ clients, traffic }: Party, witness: Store, endedAt: number): Promise<void> {
  const waiting = new Set(clients)
  let wellMs = 0
  while (waiting.size > 0) {
    for (const client of waiting) {
      const hasHit = traffic.requests.some(({ client: name, hit, startedAt }) => {
        return hit && name === client.name && startedAt > endedAt
      })
      if (hasHit && client.cache.stats().journaled === 0) waiting.delete(client)
    }
    if (wellMs > WELL_MS || performance.now() > endedAt + GIVE_UP_MS) {
      const held = [...waiting].map(({ cache }) => cache.stats().journaled)
      throw new Error(
        `not back, ${Math.round(wellMs)} ms of answers in time, ${held.join(' and ')} invalidations waiting`,
      )
    }
    const askedAt = performance.now()
    await delay(LOOK_EVERY_MS)
    if (await answersInTime(witness)) wellMs += performance.now() - askedAt
  }
}

async function answersInTime(store: Store): Promise<boolean> {
  const askedAt = performance.now()
  return store.ping().then(
    () => performance.now() - askedAt < IN_TIME_MS,
    () => false,
  )
}

function sample(): Sample {
  collectGarbage()
  return {
    heapBytes: process.memoryUsage().heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}

/** Medians of the middle third of the samples, when all is warm, and of the last third. */
export function growth(samples: readonly Sample[], what: keyof Sample): { readonly from: number; readonly to: number } {
  const third = Math.max(1, Math.floor(samples.length / 3))
  const warm = samples.slice(Math.min(third, samples.length - 1), 2 * third)
  return { from: median(warm, what), to: median(samples.slice(-third), what) }
}

function median(samples: readonly Sample[], what: keyof Sample): number {
  const values = samples.map((each) => each[what]).sort((one, other) => one - other)
  return values[values.length >> 1] ?? Number.NaN
}
