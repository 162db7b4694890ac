import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { CacheProcess } from '../support/cache-process.js'
import { repetitions } from '../support/repetitions.js'
import type { Stage } from '../support/stage.js'

const LOAD_MS = 100

/** A delete outruns the loads that began before it (P1). */
export function describeDeletes({ crew, database }: Stage): void {
  describe('of which one deletes while another loads', () => {
    it.each([0, LOAD_MS / 2, LOAD_MS - 10, LOAD_MS, LOAD_MS + 10])(
      'never serve the old value to a caller that comes afterwards: %i ms into the load',
      async (afterMs) => {
        const [loader, waiter, deleter] = crew as readonly CacheProcess[] as [CacheProcess, CacheProcess, CacheProcess]
        for (let round = 0; round < repetitions(1, 20); round++) {
          const key = `deleted ${afterMs} ${round}`
          const ask = { key, loadMs: LOAD_MS, callers: 5 }
          const early = [loader.run('getOrSet', ask)]
          await database.loading(key)
          early.push(waiter.run('getOrSet', ask))
          await delay(afterMs)

          database.write(key, 'new')
          expect(await deleter.run('delete', key)).toBe('delivered')
          const late = await Promise.all(crew.map((process) => process.run('getOrSet', ask)))
          expect(late.map(({ values, errors }) => [values, errors])).toEqual(crew.map(() => [['new'], []]))

          const errors = (await Promise.all(early)).flatMap((answers) => answers.errors)
          expect(errors).toEqual([])
          expect(await Promise.all(crew.map((process) => process.run('get', key)))).toEqual(crew.map(() => 'new'))
        }
      },
    )

    it('store nothing of what a lagging replica says, until the delete that holds off has ended', async () => {
      const [, , deleter] = crew as readonly CacheProcess[] as [CacheProcess, CacheProcess, CacheProcess]
      const key = 'held off'
      const everywhere = async (): Promise<unknown[]> => {
        const ask = { key, loadMs: LOAD_MS, callers: 5 }
        const answers = await Promise.all(crew.map((process) => process.run('getOrSet', ask)))
        expect(answers.flatMap(({ errors }) => errors)).toEqual([])
        return answers.flatMap(({ values }) => values)
      }
      const stored = (): Promise<unknown[]> => Promise.all(crew.map((process) => process.run('get', key)))
      const each = (value: string | undefined): unknown[] => crew.map(() => value)
      expect(await everywhere()).toEqual(each('old'))
      expect(await stored()).toEqual(each('old'))
      expect(await deleter.run('delete', key, { holdOff: '1h' })).toBe('delivered')
      expect(await everywhere()).toEqual(each('old'))
      expect(await stored()).toEqual(each(undefined))
      database.write(key, 'new')
      expect(await everywhere()).toEqual(each('new'))
      expect(await stored()).toEqual(each(undefined))
      expect(await deleter.run('delete', key)).toBe('delivered')
      expect(await everywhere()).toEqual(each('new'))
      expect(await stored()).toEqual(each('new'))
    })
  })
}
