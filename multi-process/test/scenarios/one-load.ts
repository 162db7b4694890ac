import { describe, expect, it } from 'vitest'
import { repetitions } from '../support/repetitions.js'
import type { Stage } from '../support/stage.js'

const CALLERS = 250
const LOAD_MS = 20

/** One load per cold key among all processes (P2 of the lease protocol). */
export function describeOneLoad({ crew, database }: Stage): void {
  describe('that want one cold key', () => {
    it(`load it once, whatever their number: 4 x ${CALLERS} callers, again and again`, async () => {
      let waited = 0
      for (let round = 0; round < repetitions(20, 500); round++) {
        const key = `cold ${round}`
        const answers = await Promise.all(
          crew.map((process) => process.run('getOrSet', { key, loadMs: LOAD_MS, callers: CALLERS })),
        )
        expect(answers.flatMap(({ errors }) => errors)).toEqual([])
        expect(answers.map(({ values }) => values)).toEqual(crew.map(() => ['old']))
        expect([key, database.loads(key)]).toEqual([key, 1])
        waited += answers.filter(({ loads, slowestMs }) => loads === 0 && slowestMs > LOAD_MS / 2).length
      }
      // They did meet: in most rounds others waited while one loaded.
      expect(waited).toBeGreaterThan(20)
    })
  })
}
