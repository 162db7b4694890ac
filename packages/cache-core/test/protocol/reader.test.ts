import { describe, expect, it } from 'vitest'
import { Reader } from '../../src/protocol/reader.js'
import type { StoreEntry } from '../../src/store/store.js'

/** A store whose values have so many bytes, and what it was asked for, in the order in which that was sent. */
function storeOf(valueBytes: number): { reader: Reader; sent: string[][]; entries: Map<string, StoreEntry> } {
  const sent: string[][] = []
  const entries = new Map<string, StoreEntry>()
  const read = (key: string): StoreEntry => {
    const entry = { bytes: new Uint8Array(valueBytes), version: {}, owned: true }
    entries.set(key, entry)
    return entry
  }
  const reader = new Reader(
    {
      getTo(key, onEntry) {
        sent.push([key])
        queueMicrotask(() => onEntry(read(key)))
      },
      async getEach(keys) {
        sent.push([...keys])
        return keys.map(read)
      },
    },
    (_, entry) => entry,
  )
  return { reader, sent, entries }
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`)

async function readAll(reader: Reader, wanted: readonly string[]): Promise<void> {
  await Promise.all(wanted.map((key) => reader.read(key)))
}

describe('reads of one turn', () => {
  it('one alone asks for one key', async () => {
    const { reader, sent } = storeOf(100)
    await reader.read('k')
    expect(sent).toEqual([['k']])
  })

  it('go together, each key once', async () => {
    const { reader, sent } = storeOf(100)
    await readAll(reader, ['a', 'b', 'a'])
    expect(sent).toEqual([['a', 'b']])
  })

  it('are sent before it is over, as soon as there is enough to do', async () => {
    const { reader, sent } = storeOf(100)
    const reading = readAll(reader, keys(80))
    expect(sent.length).toBeGreaterThan(0)
    await reading
    expect(sent.flat()).toEqual(keys(80))
    expect(sent.length).toBe(3)
  })
})

describe('bytes that nobody else holds', () => {
  it('are told so to a caller that reads alone', async () => {
    const { reader, entries } = storeOf(100)
    const entry = await reader.read('k')
    expect(entry?.owned).toBe(true)
    expect(entry).toBe(entries.get('k'))
  })

  it('and to none of several that share a read', async () => {
    const { reader } = storeOf(100)
    const [first, second] = await Promise.all([reader.read('k'), reader.read('k')])
    expect(first).toBe(second)
    expect(first?.owned).toBe(false)
  })
})
