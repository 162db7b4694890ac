import { randomUUID } from 'node:crypto'
import { type Engine, startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeCrash } from '../scenarios/crash.js'
import { describeCutOff } from '../scenarios/cut-off.js'
import { describeDeletes } from '../scenarios/deletes.js'
import { describeOneLoad } from '../scenarios/one-load.js'
import { describeOutages } from '../scenarios/outages.js'
import { CacheProcess, type CacheProcessOptions } from './cache-process.js'
import { Database } from './database.js'

/** What a scenario plays on. */
export interface Stage {
  readonly database: Database
  /** Four processes whose patience with the store is long: two busy cores are not mistaken for a dead store. */
  readonly crew: readonly CacheProcess[]
  /** Further processes on the same store and prefix. Whoever starts them stops them. */
  start(count: number, options: StartOptions): Promise<CacheProcess[]>
}

export interface StartOptions {
  readonly storeTimeout: CacheProcessOptions['storeTimeout']
  /** Another way to the same store. */
  readonly url?: string
}

export interface EngineOptions {
  /** How many servers or members. Default 1. */
  readonly count?: number
  /** How long the server is frozen. Default 2 s. */
  readonly freezeMs?: number
  /** Whether the server is frozen and killed. Default true; one that the environment names never is. */
  readonly outages?: boolean
  /**
   * Whether the server is reached by its URL alone, so that a line to it can be cut. Default false: servers of a cluster
   * name addresses of their own.
   */
  readonly oneAddress?: boolean
}

export const PATIENT: StartOptions = { storeTimeout: '2s' }

/** Plays every scenario on one engine. */
export async function describeEngine(name: string, engine: Engine, options: EngineOptions = {}): Promise<void> {
  const { count = 1, freezeMs = 2_000, outages = true, oneAddress = false } = options
  const server = await startServer(engine, { count })

  describe.skipIf(server === undefined)(`processes on ${name}`, () => {
    const database = new Database()
    const crew: CacheProcess[] = []
    const prefix = `tests-${randomUUID()}`
    const start: Stage['start'] = (processes, { storeTimeout, url = server?.url ?? '' }) =>
      CacheProcess.start(processes, { url, prefix, storeTimeout, database })
    beforeAll(async () => {
      crew.push(...(await start(4, PATIENT)))
    })
    afterAll(async () => {
      await Promise.all(crew.map((each) => each.stop()))
      await server?.stop()
    })

    const stage: Stage = { database, crew, start }
    describeOneLoad(stage)
    describeDeletes(stage)
    describeCrash(stage)
    if (oneAddress) describeCutOff(stage, server?.url ?? '')
    if (outages && server?.external === false) describeOutages(stage, server, freezeMs)
  })
}

/** How often what may depend on chance is repeated. */
export function repetitions(usual: number, long: number): number {
  return process.env.TIERCEL_LONG === undefined ? usual : long
}
