import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { PATIENT, type Stage } from '../support/stage.js'

const LEASE_MS = 1_000
/** A poll is 250 ms at the longest and has a round trip; the rest is for busy cores. */
const POLL_MS = 1_000

/** After a crash another loads within the lease and one poll (P4). */
export function describeCrash({ database, start }: Stage): void {
  describe('of which the one that loads is killed', () => {
    let attempt = 0

    // What is measured is time on the wall: a machine that stalls for a second meanwhile is asked again.
    it('wait for its lease, not for the load: another loads, once, and nobody gets an error', {
      retry: 3,
    }, async () => {
      // New ones, which do not know how long loads take: they have no reason to load beside one that is slow.
      const [victim, ...crew] = await start(4, PATIENT)
      const key = `orphan ${attempt++}`
      const ask = { key, options: { lease: LEASE_MS } }
      void victim?.run('getOrSet', { ...ask, loadMs: 60_000 })
      await database.loading(key)
      const waiting = crew.map((process) => process.run('getOrSet', { ...ask, loadMs: 20, callers: 20 }))
      // A lease lives as long as its holder: nobody takes over from one that is only slow.
      await delay(LEASE_MS * 1.5)
      expect(database.loads(key)).toBe(1)

      await victim?.kill()
      const killedAt = performance.now()
      const answers = await Promise.all(waiting)
      expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + POLL_MS)
      expect(answers.map(({ values, errors }) => [values, errors])).toEqual(crew.map(() => [['old'], []]))
      expect(database.loads(key)).toBe(2)
      await Promise.all(crew.map((process) => process.stop()))
    })
  })
}
