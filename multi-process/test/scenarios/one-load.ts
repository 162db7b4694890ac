import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { repetitions } from '../support/repetitions.js'
import type { Stage } from '../support/stage.js'

const CALLERS = 250
const LOAD_MS = 20
/** A second for a key that a process does not know; at the least a tenth, where that shares its place with a known one. */
const HEDGED_AFTER_MS = 90

/** How often a caller has loaded beside another process. */
async function hedges(crew: Stage['crew']): Promise<number> {
  const stats = await Promise.all(crew.map((process) => process.run('stats')))
  return stats.reduce((sum, each) => sum + each.hedges, 0)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10)
}

/** One load per cold key among all processes (P2 of the lease protocol). */
export function describeOneLoad({ crew, database }: Stage): void {
  describe('that want one cold key', () => {
    it(`load it once, whatever their number: 4 x ${CALLERS} callers, again and again`, {
      timeout: repetitions(60_000, 1_200_000),
    }, async () => {
      let waited = 0
      let before = await hedges(crew)
      for (let round = 0; round < repetitions(8, 500); round++) {
        const key = `cold ${round}`
        const answers = await Promise.all(
          crew.map((process) => process.run('getOrSet', { key, loadMs: LOAD_MS, callers: CALLERS })),
        )
        expect(answers.flatMap(({ errors }) => errors)).toEqual([])
        expect(answers.map(({ values }) => values)).toEqual(crew.map(() => ['old']))
        const loads = database.loads(key)
        // Where a machine stalls, a caller that has waited for so long may load beside the holder.
        const hedged = loads === 1 ? 0 : (await hedges(crew)) - before
        expect([key, loads]).toEqual([key, 1 + hedged])
        if (hedged > 0) expect(Math.max(...answers.map(({ slowestMs }) => slowestMs))).toBeGreaterThan(HEDGED_AFTER_MS)
        before += hedged
        waited += answers.filter(({ loads, slowestMs }) => loads === 0 && slowestMs > LOAD_MS / 2).length
      }
      // They did meet: in most rounds others waited while one loaded.
      expect(waited).toBeGreaterThan(8)
    })

    it('whose loader throws once: its own callers are told, another process loads, once', async () => {
      const key = 'refused once'
      database.fail(key, 'refuses')
      const ask = { key, loadMs: LOAD_MS, callers: CALLERS }
      const answers = await Promise.all(crew.map((process) => process.run('getOrSet', ask)))
      // A caller that comes after the first load has failed finds nothing of it.
      const told = answers.filter(({ errors }) => errors.length > 0)
      expect(told).toHaveLength(1)
      for (const { errors } of told)
        expect(errors.filter((error) => !error.includes('the database refuses'))).toEqual([])
      expect(answers.filter((each) => !told.includes(each)).map(({ values }) => values)).toEqual([
        ['old'],
        ['old'],
        ['old'],
      ])
      expect(database.loads(key)).toBe(2)
    })

    it('whose loader hangs: it is given up, and another load is the only one', async () => {
      const key = 'hangs'
      database.fail(key, 'hangs')
      const [first] = crew
      const ask = { key, loadMs: LOAD_MS }
      const hanging = first?.run('getOrSet', { ...ask, options: { hardTimeout: '1s' } })
      await database.loading(key)
      const answers = await Promise.all(crew.map((process) => process.run('getOrSet', { ...ask, callers: CALLERS })))
      expect((await hanging)?.errors.join()).toContain('LoadTimeoutError')
      expect(answers.map(({ values, errors }) => [values, errors])).toEqual(crew.map(() => [['old'], []]))
      expect(database.loads(key)).toBe(2)
    })

    it('that is stale: all are answered at once, and one refreshes', async () => {
      const key = 'stale'
      const windows = { staleWhileRevalidate: '1h' } as const
      await crew[0]?.run('set', key, 'old', { ...windows, ttl: 1 })
      await until(async () => (await crew[1]?.run('get', key)) === undefined)
      database.write(key, 'new')
      const ask = { key, loadMs: LOAD_MS, callers: CALLERS, options: { ...windows, ttl: '1h' } } as const
      const answers = await Promise.all(crew.map((process) => process.run('getOrSet', ask)))
      expect(answers.flatMap(({ errors }) => errors)).toEqual([])
      // Callers that came after the refresh have its value.
      expect(answers.flatMap(({ values }) => values)).toContain('old')
      await until(async () => (await crew[1]?.run('get', key)) === 'new')
      expect(database.loads(key)).toBe(1)
    })
  })
}
