import { describe, expect, it } from 'vitest'
import { checkHistory } from '../src/history/check.js'
import type { ChangeEvent, HistoryEvent, LoadEvent, Promised, ReadEvent } from '../src/history/events.js'

const NOTHING_LATE: Promised = { clearLateMs: 0, nearLateMs: 0, outages: [] }

const read = (version: number, begin: number, more: Partial<ReadEvent> = {}): ReadEvent => ({
  kind: 'read',
  process: 0,
  key: 'k',
  value: { key: 'k', version },
  begin,
  end: begin + 1,
  ...more,
})
const change = (version: number, begin: number, more: Partial<ChangeEvent> = {}): ChangeEvent => ({
  kind: 'change',
  process: 1,
  key: 'k',
  version,
  how: 'delete',
  delivered: true,
  begin,
  end: begin + 1,
  ...more,
})
const load = (begin: number, more: Partial<LoadEvent> = {}): LoadEvent => ({
  kind: 'load',
  process: 0,
  key: 'k',
  leased: true,
  begin,
  end: begin + 10,
  ...more,
})

function kinds(events: readonly HistoryEvent[], promised: Partial<Promised> = {}): string[] {
  return checkHistory(events, { ...NOTHING_LATE, ...promised }).map(({ kind }) => kind)
}

describe('the checker of histories', () => {
  it('finds a value that was never written, and one of another key', () => {
    expect(kinds([read(1, 10), change(1, 20)])).toEqual(['never written'])
    expect(kinds([change(1, 10.5), read(1, 10)])).toEqual([])
    expect(kinds([read(0, 10, { value: { key: 'other', version: 0 } })])).toEqual(['of another key'])
    expect(kinds([read(0, 10, { value: undefined })])).toEqual(['never written'])
  })

  it('finds what is older than a delivered change that was over before the question', () => {
    expect(kinds([change(1, 10), read(0, 12)])).toEqual(['stale'])
    expect(kinds([change(1, 10), read(1, 12)])).toEqual([])
    expect(kinds([change(1, 10), read(0, 10.5)])).toEqual([])
    expect(kinds([change(1, 10), change(2, 20), read(1, 22)])).toEqual(['stale'])
  })

  it('holds what was journaled against the process that said so, and no other', () => {
    const journaled = change(1, 10, { delivered: false })
    expect(kinds([journaled, read(0, 12)])).toEqual([])
    expect(kinds([journaled, read(0, 12, { process: 1 })])).toEqual(['stale'])
  })

  it('gives other processes the time that is promised for clears and near caches', () => {
    const cleared = change(1, 10, { how: 'clear' })
    expect(kinds([cleared, read(0, 50)], { clearLateMs: 100 })).toEqual([])
    expect(kinds([cleared, read(0, 150)], { clearLateMs: 100 })).toEqual(['stale'])
    expect(kinds([cleared, read(0, 50, { process: 1 })], { clearLateMs: 100 })).toEqual(['stale'])
    expect(kinds([change(1, 10), read(0, 50)], { nearLateMs: 100 })).toEqual([])
    expect(kinds([change(1, 10), read(0, 150)], { nearLateMs: 100 })).toEqual(['stale'])
  })

  it('lets callers without a store share a load that began before another process had changed the key', () => {
    const shared = load(5, { leased: false })
    expect(kinds([shared, change(1, 10), read(0, 12)])).toEqual([])
    expect(kinds([shared, change(1, 10, { process: 0 }), read(0, 12)])).toEqual(['stale'])
    expect(kinds([shared, change(1, 10), read(0, 16)])).toEqual(['stale'])
  })

  it('finds two loads under one lease, unless something may have taken the lease away', () => {
    const both = [load(0), load(5, { process: 1 })]
    expect(kinds(both)).toEqual(['two loads under one lease'])
    expect(kinds([load(0), load(11, { process: 1 })])).toEqual([])
    expect(kinds([load(0), load(5, { process: 1, leased: false })])).toEqual([])
    expect(kinds([...both, change(1, 2)])).toEqual([])
    expect(kinds([...both, change(1, 6)])).toEqual(['two loads under one lease'])
    expect(kinds(both, { outages: [{ begin: 1, end: 4 }] })).toEqual([])
    expect(kinds([...both, change(1, 1, { key: 'other', how: 'clear' })])).toEqual([])
    expect(kinds([load(0, { end: 500 }), load(300, { process: 1 })])).toEqual([])
  })
})
