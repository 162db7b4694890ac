import { randomUUID } from 'node:crypto'
import { type Engine, startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeCrash } from '../scenarios/crash.js'
import { describeCutOff } from '../scenarios/cut-off.js'
import { describeDeletes } from '../scenarios/deletes.js'
import { describeOneLoad } from '../scenarios/one-load.js'
import { describeOutages } from '../scenarios/outages.js'
import { CacheProcess } from './cache-process.js'
import { Database } from './database.js'
import { PATIENT, type Stage } from './stage.js'

export interface EngineOptions {
  /** Number of servers or members. Default 1. */
  readonly count?: number
  /** Whether the server is frozen and killed. Default true; one that the environment names never is. */
  readonly outages?: boolean
  /**
   * Whether the server is reached by its URL alone, so that a line to it can be cut. Default false: servers of a
   * cluster announce addresses of their own.
   */
  readonly oneAddress?: boolean
}

/** Plays every scenario on one engine. */
export async function describeEngine(name: string, engine: Engine, options: EngineOptions = {}): Promise<void> {
  const { count = 1, outages = true, oneAddress = false } = options
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
    if (outages && server?.external === false) describeOutages(stage, server)
  })
}
