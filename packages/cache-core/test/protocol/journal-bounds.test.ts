import { describe, expect, it } from 'vitest'
import { Journal, type Room } from '../../src/protocol/journal.js'
import { FakeClock, turn } from '../../src/testing/fake-clock.js'

interface Engine {
  readonly journal: Journal
  readonly clock: FakeClock
  /** What was sent, in order. */
  readonly sent: string[]
  readonly forgotten: number[]
  /** Most operations that were under way at once. */
  most(): number
  away: (what: string) => boolean
  room(id: string): Room
}

/** A journal on an engine that takes a turn of the event loop for everything. */
function engine(): Engine {
  const clock = new FakeClock()
  const sent: string[] = []
  const forgotten: number[] = []
  let underWay = 0
  let most = 0
  const send = async (what: string): Promise<void> => {
    sent.push(what)
    most = Math.max(most, ++underWay)
    await turn()
    underWay--
    if (parts.away(what)) throw new Error('away')
  }
  const store = {
    hold: (slot: string) => send(`hold ${slot}`),
    delete: (slot: string) => send(`delete ${slot}`),
    deleteMany: (slots: readonly string[]) => send(`deleteMany ${slots.join()}`),
    distrusted: () => undefined,
  }
  const parts: Engine = {
    journal: new Journal(store, clock, (count) => forgotten.push(count)),
    clock,
    sent,
    forgotten,
    most: () => most,
    away: () => false,
    room: (id) => ({ id, renew: () => send(`renew ${id}`) }),
  }
  return parts
}

describe('the bounds of the journal', () => {
  it('when it is full, the namespace with most keys is renewed in their place, and no other', () => {
    const { journal, room } = engine()
    const [large, small, single] = [room('large'), room('small'), room('single')]
    journal.addKey('one', single)
    for (let index = 0; index < 5_000; index++) journal.addKey(`small ${index}`, small)
    for (let index = 0; index < 94_999; index++) journal.addKey(`large ${index}`, large)
    expect(journal.size).toBe(100_000)
    expect(journal.distrusts('other', large)).toBe(false)
    journal.addKey('large, one more', large)
    expect(journal.size).toBe(5_002)
    expect(journal.distrusts('other', large)).toBe(true)
    expect(journal.distrusts('small 7', small)).toBe(true)
    expect(journal.distrusts('other', small)).toBe(false)
    expect(journal.distrusts('other', single)).toBe(false)
  })

  it('is bounded in characters, too', () => {
    const { journal, room } = engine()
    const [large, small] = [room('large'), room('small')]
    journal.addKey('small', small)
    for (let index = 0; index < 300; index++) journal.addKey(`${index}`.padEnd(60_000), large)
    expect(journal.size).toBeLessThan(50)
    expect(journal.distrusts('other', large)).toBe(true)
    expect(journal.distrusts('other', small)).toBe(false)
    journal.settleKey('small', journal.position)
    expect(journal.distrusts('small', small)).toBe(false)
  })

  it('tags become a renewal of all that carries them', () => {
    const { journal, room } = engine()
    const epoch = room('epoch')
    const within = [room('data'), room('http')]
    for (let index = 0; index <= 100_000; index++) journal.addTag({ ...room(`tag ${index}`), epoch, within })
    expect(journal.size).toBe(2)
    expect(journal.distrusts('any', within[0] as Room)).toBe(true)
    expect(journal.distrusts('any', within[1] as Room)).toBe(true)
    expect(journal.holdsTag('tag 5')).toBe(false)
  })

  it('where each namespace has one key the oldest are forgotten, and that is told', () => {
    const { journal, room, forgotten } = engine()
    for (let index = 0; index <= 100_000; index++) journal.addKey(`k ${index}`, room(`${index}`))
    expect(journal.size).toBe(90_000)
    expect(forgotten).toEqual([10_001])
    expect(journal.distrusts('k 100000', room('100000'))).toBe(true)
    expect(journal.distrusts('k 0', room('0'))).toBe(false)
  })
})

describe('a replay', () => {
  it('of 30 000 namespaces with one delete each sends a batch at a time, and leaves the loop free', async () => {
    const { journal, room, clock, sent, most } = engine()
    for (let index = 0; index < 30_000; index++) journal.addKey(`k ${index}`, room(`${index}`))
    await clock.advance(100)
    while (journal.size > 0) await turn()
    expect(most()).toBe(1)
    expect(sent).toHaveLength(Math.ceil(30_000 / 256))
  })

  it('of many renewals sends few at once', async () => {
    const { journal, room, clock, sent, most } = engine()
    for (let index = 0; index < 1_000; index++) journal.addRoom(room(`${index}`))
    await clock.advance(100)
    while (journal.size > 0) await turn()
    expect(most()).toBe(64)
    expect(sent).toHaveLength(1_000)
  })

  it('of many tags renews their epoch once for a batch, before them', async () => {
    const { journal, room, clock, sent } = engine()
    const within = [room('data')]
    for (let index = 0; index < 100; index++) journal.addTag({ ...room(`tag ${index}`), epoch: room('epoch'), within })
    await clock.advance(100)
    while (journal.size > 0) await turn()
    expect(sent.filter((what) => what === 'renew epoch')).toHaveLength(2)
    expect(sent[0]).toBe('renew epoch')
  })

  it('to a store that stays away sends one batch a round, and few keys one by one', async () => {
    const parts = engine()
    const { journal, room, clock, sent } = parts
    parts.away = () => true
    for (let index = 0; index < 30_000; index++) journal.addKey(`k ${index}`, room(`${index}`))
    await clock.advance(100)
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(sent).toHaveLength(65)
  })
})
