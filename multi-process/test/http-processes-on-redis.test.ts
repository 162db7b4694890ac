import { randomUUID } from 'node:crypto'
import { startServer } from '@tiercel/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HttpProcess } from './support/http-process.js'

const server = await startServer('redis')
const PATIENT = { timeout: 30_000 }

describe.skipIf(server === undefined)('two processes of an application on Redis', PATIENT, () => {
  let here: HttpProcess
  let there: HttpProcess
  /** The others have a patience with the store that a busy machine does not wear out. */
  let impatient: HttpProcess
  const runs = (path: string): number => here.ran(path) + there.ran(path)
  const both = (order: 'open' | 'close'): void => {
    for (const each of [here, there]) each.tell(order)
  }
  beforeAll(async () => {
    const store = { url: server?.url ?? '', prefix: `http-${randomUUID()}` }
    const timeouts = [10_000, 10_000, 500]
    const started = await Promise.all(timeouts.map((storeTimeout) => HttpProcess.start({ ...store, storeTimeout })))
    ;[here, there, impatient] = started as [HttpProcess, HttpProcess, HttpProcess]
  }, 60_000)
  afterAll(async () => {
    await Promise.all([here, there, impatient].map((each) => each?.stop()))
    await server?.stop()
  })

  it('500 clients on one cold URL: one run', async () => {
    const path = '/held/cold'
    both('close')
    const replies = Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? here : there).get(path))
    await expect.poll(() => here.arrived(path) + there.arrived(path), PATIENT).toBe(500)
    both('open')
    const texts = (await Promise.all(replies)).map((reply) => reply.text())
    expect(new Set(texts).size).toBe(1)
    expect(runs(path)).toBe(1)
  })

  it('500 clients on one cold URL whose response may not be stored: no handler waits for another', async () => {
    const path = '/own/held'
    both('close')
    const replies = Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? here : there).get(path))
    // All at once: none of them ends before the last one has begun.
    await expect.poll(() => runs(path), PATIENT).toBe(500)
    both('open')
    const texts = (await Promise.all(replies)).map((reply) => reply.text())
    expect(new Set(texts).size).toBe(500)
  })

  it('a handler that stalls delays the clients of another process by waitTimeout, and no longer', async () => {
    const path = '/stalled/held'
    both('close')
    const leader = here.get(path)
    await expect.poll(() => here.ran(path), PATIENT).toBe(1)
    const followers = Array.from({ length: 100 }, () => there.get(path))
    // The leader has not ended, and its lease, which it renews, does not: only waitTimeout ends their wait.
    await expect.poll(() => there.ran(path), PATIENT).toBe(100)
    both('open')
    const statuses = (await Promise.all(followers)).map((reply) => reply.cacheStatus())
    // One of them hedges.
    expect(statuses.filter((status) => status.includes('stored')).length).toBeLessThanOrEqual(1)
    await leader
    await expect.poll(async () => (await there.get(path)).cacheStatus(), PATIENT).toContain('hit')
    expect(here.ran(path)).toBe(1)
  })

  it('a leader whose client leaves fills the cache', async () => {
    const path = '/held/left'
    both('close')
    const client = here.leaveable(path)
    await expect.poll(() => here.ran(path), PATIENT).toBe(1)
    client.abort()
    const waiting = there.get(path)
    await expect.poll(() => there.arrived(path), PATIENT).toBe(1)
    both('open')
    const [first, second] = [await waiting, await here.get(path)]
    expect(first.text()).toBe(second.text())
    expect(second.cacheStatus()).toContain('hit')
    expect(runs(path)).toBe(1)
  })

  it('a stale URL: 200 clients are answered while one handler runs behind', async () => {
    const path = '/aging/held'
    both('open')
    const old = (await here.get(path)).text()
    // The answer is there before the store has it.
    await expect.poll(async () => (await there.get(path)).cacheStatus(), PATIENT).toMatch(/^hit/)
    both('close')
    expect((await here.get('/soften')).text()).toBe('delivered')
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? here : there).get(path)),
    )
    for (const reply of replies)
      expect([reply.text(), reply.cacheStatus()]).toEqual([old, expect.stringMatching(/^hit/)])
    await expect.poll(() => runs(path), PATIENT).toBe(2)
    both('open')
    await expect.poll(async () => (await there.get(path)).text(), PATIENT).not.toBe(old)
    expect(runs(path)).toBe(2)
  })

  it('a write in one process takes from the other what it has near', async () => {
    const path = '/near'
    const first = (await here.get(path)).text()
    for (let i = 0; i < 3; i++) expect((await there.get(path)).text()).toBe(first)
    await here.get(path, { method: 'POST' })
    const second = await there.get(path)
    expect(second.text()).not.toBe(first)
    expect((await here.get(path)).text()).toBe(second.text())
  })

  it.skipIf(server?.external)(
    'while Redis is frozen hits go on, with one run for each URL that was not near',
    async () => {
      const [known, cold] = ['/near/frozen', '/near/cold']
      const first = (await impatient.get(known)).text()
      // What a hit has read of the store is near from then on; one that has waited for it has not.
      await expect.poll(async () => (await impatient.get(known)).cacheStatus(), PATIENT).toMatch(/^hit/)
      await impatient.get(known)
      await server?.freeze()
      try {
        // Until the silence of the bus is noticed what handlers answer is not kept.
        await expect.poll(async () => (await impatient.get(cold)).cacheStatus(), PATIENT).toMatch(/^hit/)
        const alone = (await impatient.get(cold)).text()
        const ran = impatient.ran(cold)
        for (let i = 0; i < 20; i++) {
          expect([(await impatient.get(known)).text(), (await impatient.get(cold)).text()]).toEqual([first, alone])
        }
        expect([impatient.ran(known), impatient.ran(cold)]).toEqual([1, ran])
      } finally {
        await server?.thaw()
      }
      // And what another process changes then is heard of.
      const changed = async (): Promise<string> => {
        await there.get(known, { method: 'POST' })
        return (await impatient.get(known)).text()
      }
      await expect.poll(changed, PATIENT).not.toBe(first)
    },
  )
})
