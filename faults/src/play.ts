import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import type { Store } from '@tiercel/cache-core/store'
import { type Outcome, summarize } from './outcome.js'
import type { Rig } from './rigs/rig.js'
import type { Scenario, Stage } from './scenarios/scenario.js'
import { Client } from './traffic/client.js'
import { Database } from './traffic/database.js'
import { Promises } from './traffic/promises.js'
import { Traffic } from './traffic/traffic.js'

export interface PlayTerms {
  /** How long the fault lasts, in milliseconds. */
  readonly lastsMs: number
}

const CLIENTS = 2
const KEYS = Array.from({ length: 40 }, (_, index) => `key ${index}`)
const TRAFFIC = { keys: KEYS, callers: 4, pauseMs: 10, changeEveryMs: 25 }
/** Traffic before the fault, and after all is well again. */
const BEFORE_MS = 300
const AFTER_MS = 500
/** A connection, its handshake, and the first answers, on a busy machine. */
const CONNECT_MS = 20_000
/** Nothing comes back after this. */
const GIVE_UP_MS = 20_000

/** Plays a scenario; `undefined` where its engine cannot be started here. */
export async function play(scenario: Scenario, terms: PlayTerms): Promise<Outcome | undefined> {
  const rig = await scenario.start()
  if (rig === undefined) return undefined
  try {
    return await playOn(rig, scenario, terms)
  } finally {
    await rig.stop()
  }
}

/** On servers that stand, and are well: they are well again afterwards where the fault ends. */
export async function playOn(rig: Rig, scenario: Scenario, { lastsMs }: PlayTerms): Promise<Outcome> {
  const prefix = `faults-${randomUUID().slice(0, 8)}`
  const machine = rig.machines[scenario.failing ?? 0]
  if (machine === undefined) throw new Error(`${scenario.engine} has no server ${scenario.failing}`)
  const stage: Stage = { rig, machine, prefix, keys: KEYS }
  const database = new Database()
  const { lateMs = 0 } = scenario
  const promises = new Promises(lateMs)
  const stores = Array.from({ length: CLIENTS }, () => rig.open(prefix))
  const clients = stores.map((store, index) => {
    const cache = createCache({ store, ttl: '1m', jitter: 0, ...scenario.cache?.(index) })
    return new Client(`client ${index}`, cache, database, promises)
  })
  let traffic: Traffic | undefined
  try {
    await Promise.all(stores.map(untilConnected))
    for (const client of clients) for (const key of KEYS) await client.ask(key)
    traffic = new Traffic(clients, TRAFFIC)
    await delay(BEFORE_MS)
    await scenario.fault.begin(stage)
    const begunAt = performance.now()
    const before = clients.map(({ loadTimes }) => loadTimes.length)
    await delay(lastsMs)
    const endingAt = performance.now()
    const loadTimes = clients.flatMap((client, index) => client.loadTimes.slice(before[index]))
    await scenario.fault.end?.(stage)
    const endedAt = performance.now()
    const [recoveryMs, deliveredMs] = await Promise.all([
      scenario.fault.end && recovery(traffic, clients, endedAt),
      scenario.fault.end && untilDelivered(clients, endedAt),
      delay(AFTER_MS + lateMs),
    ])
    await traffic.stop()
    const { requests, errors } = traffic
    const live = scenario.oneOfMany ? liveKeys(stores[0] as Store, stage) : undefined
    return summarize({ scenario, requests, errors, begunAt, endingAt, live, loadTimes, recoveryMs, deliveredMs })
  } finally {
    await traffic?.stop()
    await Promise.all(clients.map(({ cache }) => cache.close()))
  }
}

/** Those whose server is not the one that fails. */
function liveKeys(store: Store, { machine, keys }: Stage): ReadonlySet<string> {
  const serverOf = store.serverOf?.bind(store)
  return new Set(keys.filter((key) => serverOf?.(`2:v::${key}`) !== machine.line?.address))
}

/** The engine is up; that its client has connected may take longer than an operation may. */
async function untilConnected(store: Store): Promise<void> {
  const end = performance.now() + CONNECT_MS
  for (;;) {
    try {
      return await store.ping()
    } catch (error) {
      if (performance.now() > end) throw error
      await delay(20)
    }
  }
}

/** Until each client has had a hit that it asked for after the end. */
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

/** Until no invalidation waits for the store any more. */
async function untilDelivered(clients: readonly Client[], endedAt: number): Promise<number | undefined> {
  while (performance.now() < endedAt + GIVE_UP_MS) {
    if (clients.every(({ cache }) => cache.stats().journaled === 0)) return performance.now() - endedAt
    await delay(5)
  }
  return undefined
}
