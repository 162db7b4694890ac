import { setTimeout as delay } from 'node:timers/promises'
import type { Server } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheProcess } from '../support/cache-process.js'
import type { Stage } from '../support/engine.js'

const READ_MS = 200
const WRITE_MS = 400
const LOAD_MS = 20
const IMPATIENT = { storeTimeout: { read: READ_MS, write: WRITE_MS } }
/** What busy cores may add to a call. */
const MARGIN_MS = 400
/** How soon after its return the store is used again: about a second, and what busy cores add. */
const RECOVERY_MS = 1_000 + MARGIN_MS

/** A store that does not answer costs a call one read deadline, and nobody an error. */
export function describeOutages({ database, start }: Stage, server: Server, freezeMs: number): void {
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

    it(`freezes for ${freezeMs / 1_000} s go on, and use it again when it thaws`, () =>
      surviveOutage('frozen', {
        begin: () => server.freeze(),
        lastsMs: freezeMs,
        end: () => server.thaw(),
      }))

    it('dies go on, and use it again when it is restarted', () =>
      surviveOutage('killed', {
        begin: () => server.kill(),
        lastsMs: 1_000,
        end: () => server.restart(),
      }))

    interface Outage {
      begin(): Promise<void>
      readonly lastsMs: number
      end(): Promise<void>
    }

    async function surviveOutage(name: string, outage: Outage): Promise<void> {
      const key = `written while ${name}`
      const ask = { key, loadMs: LOAD_MS }
      for (const process of [one, other]) {
        expect((await process.run('getOrSet', ask)).values).toEqual(['old'])
        await process.run('startTraffic', { callers: 20, keys: 40, loadMs: LOAD_MS })
      }
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
      const endedAt = performance.now()

      await usedAgain(name)
      expect(performance.now() - endedAt).toBeLessThan(RECOVERY_MS)
      while ((await one.run('stats')).journaled > 0) {
        expect((await one.run('getOrSet', ask)).values).toEqual(['new'])
      }
      for (const process of [one, other, one]) {
        expect((await process.run('getOrSet', ask)).values).toEqual(['new'])
      }

      for (const process of [one, other]) {
        const { calls, errors, slowestMs } = await process.run('stopTraffic')
        expect(errors).toEqual([])
        expect(calls).toBeGreaterThan(200)
        expect(slowestMs).toBeLessThan(READ_MS + LOAD_MS + MARGIN_MS)
      }
    }

    /** Resolves when what one process has loaded is a hit in the other. */
    async function usedAgain(name: string): Promise<void> {
      for (let attempt = 0; ; attempt++) {
        const key = `after it was ${name} ${attempt}`
        await one.run('getOrSet', { key, loadMs: 0 })
        if ((await other.run('getOrSet', { key, loadMs: 0 })).loads === 0) return
        await delay(20)
      }
    }
  })
}
