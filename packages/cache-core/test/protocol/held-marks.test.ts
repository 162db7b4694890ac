import { describe, expect, it } from 'vitest'
import { HeldMarks } from '../../src/protocol/held-marks.js'
import type { MarkState } from '../../src/protocol/mark-record.js'
import { FakeClock } from '../../src/testing/fake-clock.js'

const state = (version: string): MarkState => ({
  kind: 'tag',
  name: 't',
  version,
  since: 0,
  keepUntil: Number.POSITIVE_INFINITY,
  parts: [],
})

describe('held marks', () => {
  it('are held as long as they may be', async () => {
    const clock = new FakeClock()
    const held = new HeldMarks(clock, 1_000)
    held.hold('a', state('1'), held.begin())
    await clock.advance(999)
    expect(held.get('a')?.version).toBe('1')
    await clock.advance(1)
    expect(held.get('a')).toBeUndefined()
  })

  it('are bounded: the one that was read longest ago goes', () => {
    const held = new HeldMarks(new FakeClock(), 1_000)
    for (let index = 0; index < 10_000; index++) held.hold(`${index}`, state('1'), held.begin())
    held.hold('0', state('2'), held.begin())
    held.hold('one more', state('1'), held.begin())
    expect(held.get('0')?.version).toBe('2')
    expect(held.get('1')).toBeUndefined()
    expect(held.get('2')?.version).toBe('1')
  })

  it('a read that began before a renewal is not held, nor one that was outrun by another', () => {
    const held = new HeldMarks(new FakeClock(), 1_000)
    const before = held.begin()
    held.fence('a')
    held.hold('a', state('old'), before)
    expect(held.get('a')).toBeUndefined()
    const [earlier, later] = [held.begin(), held.begin()]
    held.hold('a', state('new'), later)
    held.hold('a', state('old'), earlier)
    expect(held.get('a')?.version).toBe('new')
  })

  it('that holds also when the renewal is forgotten among ten thousand others', () => {
    const held = new HeldMarks(new FakeClock(), 1_000)
    const before = held.begin()
    held.fence('a')
    for (let index = 0; index < 10_000; index++) held.fence(`${index}`)
    held.hold('a', state('old'), before)
    expect(held.get('a')).toBeUndefined()
    held.hold('a', state('new'), held.begin())
    expect(held.get('a')?.version).toBe('new')
  })
})
