import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from '@tiercel/cache-core'
import type { Store } from '@tiercel/cache-core/store'
import type { Rig } from './rigs/rig.js'
import type { Scenario, Stage } from './scenarios/scenario.js'
import { Client } from './traffic/client.js'
import { Database } from './traffic/database.js'
import { MissedDeadlines, named } from './traffic/missed-deadlines.js'
import { NearDrops } from './traffic/near-drops.js'
import { Promises } from './traffic/promises.js'
import { Traffic } from './traffic/traffic.js'

const KEYS = Array.from({ length: 40 }, (_, index) => `key ${index}`)
/** Keys that nobody changes. */
const HOT = KEYS.slice(32)
const CALLERS = 4
const CLIENTS = 2
const TRAFFIC = { keys: KEYS, changed: KEYS.filter((key) => !HOT.includes(key)), pauseMs: 10, changeEveryMs: 25 }
/** Time for a connection, its handshake and the first answers, on a busy machine. */
const CONNECT_MS = 20_000

/** Clients on one store, each with a cache of its own, and their callers. */
export interface Party {
  readonly stage: Stage
  readonly stores: readonly Store[]
  readonly clients: readonly Client[]
  readonly traffic: Traffic
  readonly missed: MissedDeadlines
  readonly nearDrops: NearDrops
  readonly promises: Promises
  isHot(key: string): boolean
  close(): Promise<void>
}

/** Resolves when all is well, every client is connected and warm, and its callers ask. */
export async function openParty(
  rig: Rig,
  { failing = 0, lateMs = 0, cache }: Pick<Scenario, 'failing' | 'lateMs' | 'cache'>,
): Promise<Party> {
  const prefix = `faults-${randomUUID().slice(0, 8)}`
  const machine = rig.machines[failing]
  if (machine === undefined) throw new Error(`there is no server ${failing}`)
  const database = new Database()
  const promises = new Promises(lateMs)
  const stores = Array.from({ length: CLIENTS }, (_, client) => rig.open(prefix, client))
  const names = stores.map((_, index) => `${prefix} ${index}`)
  const missed = new MissedDeadlines(names)
  const nearDrops = new NearDrops()
  const clients = stores.map((store, index) => {
    const options = { store: named(store, names[index] as string), ttl: '1m' as const, jitter: 0, ...cache?.(index) }
    return new Client(`client ${index}`, createCache(options), database, promises)
  })
  let traffic: Traffic | undefined
  const close = async (): Promise<void> => {
    await traffic?.stop()
    missed.stop()
    nearDrops.stop()
    await Promise.all(clients.map((client) => client.cache.close()))
  }
  try {
    await Promise.all(stores.map(untilConnected))
    await untilWarm(clients, Boolean(cache?.(0).near))
    traffic = new Traffic(clients, { ...TRAFFIC, callers: CALLERS })
  } catch (error) {
    await close()
    throw error
  }
  const stage: Stage = { rig, machine, prefix, keys: KEYS }
  return { stage, stores, clients, traffic, missed, nearDrops, promises, isHot: (key) => HOT.includes(key), close }
}

/** The engine is up, but its client may need longer to connect than an operation may take. */
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

/** Until each client has read all keys, and holds them near if it has a near cache, which needs its bus. */
async function untilWarm(clients: readonly Client[], near: boolean): Promise<void> {
  const end = performance.now() + CONNECT_MS
  for (const client of clients) {
    do {
      for (const key of KEYS) await client.ask(key)
    } while (near && client.cache.stats().nearEntries < KEYS.length && performance.now() < end)
  }
}
