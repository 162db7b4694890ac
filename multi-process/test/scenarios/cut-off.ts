import { describe, expect, it } from 'vitest'
import type { CacheProcess } from '../support/cache-process.js'
import { Line } from '../support/line.js'
import type { Stage } from '../support/stage.js'

const READ_MS = 200
/** The store is tried again once a second at the longest, as the tests of the journal show; the rest is for busy cores. */
const RECOVERY_MS = 20_000

/** What the store has not heard is journalled: effective in its process at once, elsewhere when the line stands again. */
export function describeCutOff({ crew, database, start }: Stage, serverUrl: string): void {
  describe('of which one is cut off from the store', () => {
    it('delete all the same: it never sees the old value again, and the others see the new one afterwards', async () => {
      const { line, url } = await Line.to(serverUrl)
      const [cutOff] = (await start(1, { storeTimeout: { read: READ_MS, write: 400 }, url })) as [CacheProcess]
      const [other] = crew as readonly CacheProcess[] as [CacheProcess]
      try {
        const ask = { key: 'deleted while cut off', loadMs: 20 }
        for (const process of [other, cutOff]) expect((await process.run('getOrSet', ask)).values).toEqual(['old'])

        line.cut()
        database.write(ask.key, 'new')
        expect(await cutOff.run('delete', ask.key)).toBe('journaled')
        const during = await cutOff.run('getOrSet', { ...ask, callers: 20 })
        expect([during.values, during.errors]).toEqual([['new'], []])
        // The store still has it: who deleted cannot tell the others.
        expect(await other.run('get', ask.key)).toBe('old')

        line.mend()
        const mendedAt = performance.now()
        while ((await cutOff.run('stats')).journaled > 0) {
          expect((await cutOff.run('getOrSet', ask)).values).toEqual(['new'])
          expect(performance.now() - mendedAt).toBeLessThan(RECOVERY_MS)
        }
        for (const process of [other, cutOff]) expect((await process.run('getOrSet', ask)).values).toEqual(['new'])
      } finally {
        await cutOff.stop()
        line.close()
      }
    })
  })
}
