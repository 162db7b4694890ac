import { startServer } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { failFast } from '../src/index.js'
import { openClient, openStore } from './support/stores.js'
import { hearWarnings } from './support/warnings.js'

const server = await startServer('redis')
const url = server?.url ?? ''
afterAll(() => server?.stop())
afterEach(() => vi.restoreAllMocks())

/** The clock of this process, off by so much from now on. */
function shiftClock(ms: number): void {
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ms)
}

describe.skipIf(server === undefined)("a clock far from the server's", () => {
  it.each([
    ['an hour ahead', 3_600_000, '3600 s ahead of'],
    ['an hour behind', -3_600_000, '3600 s behind'],
  ])('is reported once for each store: %s', async (_, ms, said) => {
    const heard = hearWarnings()
    shiftClock(ms)
    const stores = [openStore({ url, writeConnection: true }), openStore({ client: openClient(url, failFast) })]
    for (const [index, store] of stores.entries()) {
      await Promise.all([store.get('key'), store.delete('key')])
      await vi.waitFor(() => expect(heard).toHaveLength(index + 1))
      await store.get('key')
      expect(heard.at(-1)).toContain(`the clock of this process is ${said} the server's`)
    }
    expect(heard).toHaveLength(2)
  })

  it('is one that differs by more than seconds', async () => {
    const heard = hearWarnings()
    shiftClock(4_000)
    const client = openClient(url, failFast)
    const asked = vi.spyOn(client, 'time')
    await openStore({ client }).get('key')
    await asked.mock.results[0]?.value
    expect(asked).toHaveBeenCalledTimes(1)
    expect(heard).toEqual([])
  })

  it('may be refused: the store goes on', async () => {
    const client = openClient(url, failFast)
    vi.spyOn(client, 'time').mockRejectedValue(new Error('NOPERM'))
    const store = openStore({ client })
    await store.set('key', Buffer.from('value'))
    expect(await store.get('key')).toBeDefined()
  })
})
