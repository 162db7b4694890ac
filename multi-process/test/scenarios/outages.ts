import { setTimeout as delay } from 'node:timers/promises'
import type { Server } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheProcess } from '../support/cache-process.js'
import type { Ask } from '../support/commands.js'
import type { Stage } from '../support/stage.js'
import type { TrafficReport } from '../support/traffic.js'

const READ_MS = 200
const WRITE_MS = 400
const LOAD_MS = 20
/** Ten read deadlines. */
const FREEZE_MS = 2_000
const IMPATIENT = { storeTimeout: { read: READ_MS, write: WRITE_MS } }
/** What busy cores may add. */
const MARGIN_MS = 1_000
/** The slowest of all calls: one that waited for another process's load while the store came back, at the worst. */
const SLOWEST_MS = READ_MS + LOAD_MS + 2 * MARGIN_MS

/** Only to say so: nothing comes back after this. */
const GIVE_UP_MS = 40_000
/** Members of Hazelcast take long to start on busy cores. */
const TEST_MS = 120_000

/** A store that does not answer costs a call one read deadline, and nobody an error. */
export function describeOutages({ database, start }: Stage, server: Server): void {
  describe('whose store', () => {
    let one: CacheProcess
    let other: CacheProcess
    beforeAll(async () => {
      const both = await start(2, IMPATIENT)
      ;[one, other] = both as [CacheProcess, CacheProcess]
    })
    afterAll(async () => {
      await server.thaw()
      await Promise.all([one, other].map((process) => process?.stop()))
    })

    it(`freezes for ${FREEZE_MS / 1_000} s go on, and use it again when it thaws`, { timeout: TEST_MS }, async () => {
      const outage = { begin: () => server.freeze(), lastsMs: FREEZE_MS, end: () => server.thaw() }
      const { times, stalledMs } = await surviveOutage('frozen', outage)
      // A call that met a deadline met one, not two.
      const slow = times.filter((ms) => ms >= READ_MS).sort((a, b) => a - b)
      expect(slow.length).toBeGreaterThan(20)
      expect(slow[slow.length >> 1]).toBeLessThan(2 * READ_MS + stalledMs)
    })

    it('dies go on, and use it again when it is restarted', { timeout: TEST_MS }, async () => {
      await surviveOutage('killed', { begin: () => server.kill(), lastsMs: 1_000, end: () => server.restart() })
    })

    interface Outage {
      begin(): Promise<void>
      readonly lastsMs: number
      end(): Promise<void>
    }

    /** How long each call took, before the outage, in it and after it. */
    async function surviveOutage(name: string, outage: Outage): Promise<Pick<TrafficReport, 'times' | 'stalledMs'>> {
      const key = `written while ${name}`
      const ask = { key, loadMs: LOAD_MS }
      for (const process of [one, other]) {
        expect((await process.run('getOrSet', ask)).values).toEqual(['old'])
        await process.run('startTraffic', { callers: 20, keys: 40, loadMs: LOAD_MS })
      }
      let reports: readonly TrafficReport[]
      try {
        await delay(300)
        await outage.begin()
        const ends = delay(outage.lastsMs)
        await delay(300)
        database.write(key, 'new')
        expect(await one.run('delete', key)).toBe('journaled')
        const during = await one.run('getOrSet', { ...ask, callers: 5 })
        expect([during.values, during.errors]).toEqual([['new'], []])
        await ends
        await outage.end()

        await usedAgain(name)
        await journalEmpties(one, ask)
        for (const process of [one, other, one]) {
          expect((await process.run('getOrSet', ask)).values).toEqual(['new'])
        }
      } finally {
        reports = await Promise.all([one, other].map((process) => process.run('stopTraffic')))
      }

      const stalledMs = Math.max(...reports.map((report) => report.stalledMs))
      for (const { times, errors } of reports) {
        expect(errors).toEqual([])
        expect(times.length).toBeGreaterThan(100)
        expect(Math.max(...times)).toBeLessThan(SLOWEST_MS + 2 * stalledMs)
      }
      return { times: reports.flatMap(({ times }) => times), stalledMs }
    }

    /** What the store has not heard is delivered, and until then the process goes on to see the new value. */
    async function journalEmpties(process: CacheProcess, ask: Ask): Promise<void> {
      const end = performance.now() + GIVE_UP_MS
      while ((await process.run('stats')).journaled > 0) {
        expect((await process.run('getOrSet', ask)).values).toEqual(['new'])
        expect(performance.now()).toBeLessThan(end)
      }
    }

    /**
     * Until what one process has loaded is a hit in the other: within a second or so, which the tests of the circuit
     * breaker show to the millisecond.
     */
    async function usedAgain(name: string): Promise<void> {
      let attempt = 0
      const isHit = async (): Promise<boolean> => {
        const key = `after it was ${name} ${attempt++}`
        await one.run('getOrSet', { key, loadMs: 0 })
        return (await other.run('getOrSet', { key, loadMs: 0 })).loads === 0
      }
      await expect.poll(isHit, { interval: 20, timeout: GIVE_UP_MS }).toBe(true)
    }
  })
}
