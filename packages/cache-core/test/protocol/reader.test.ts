import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
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

describe('reads in callbacks of their own, as requests on several sockets are', () => {
  /** A store that answers when it is told to. */
  function slowStore(entry?: StoreEntry): { reader: Reader; sent: string[][]; answer(): void } {
    const sent: string[][] = []
    const answers: (() => void)[] = []
    const reader = new Reader(
      {
        getTo(key, onEntry) {
          sent.push([key])
          answers.push(() => onEntry(entry))
        },
        getEach(keys) {
          sent.push([...keys])
          return new Promise((resolve) => {
            answers.push(() => resolve(keys.map(() => entry)))
          })
        },
      },
      (_, found) => found,
    )
    return { reader, sent, answer: () => answers.shift()?.() }
  }

  /** As libuv calls back for one socket after the other: what `nextTick` put off runs in between. */
  async function eachInItsOwn(...callbacks: readonly (() => void)[]): Promise<void> {
    for (const callback of callbacks) {
      callback()
      await new Promise<void>((resolve) => process.nextTick(resolve))
    }
  }

  afterEach(() => vi.useRealTimers())

  it('go together while the store has not answered the one before', async () => {
    const { reader, sent, answer } = slowStore()
    const reads: Promise<unknown>[] = []
    await eachInItsOwn(...['a', 'b', 'c'].map((key) => () => reads.push(reader.read(key))))
    await turn()
    expect(sent).toEqual([['a'], ['b', 'c']])
    answer()
    answer()
    await Promise.all(reads)
    void reader.read('d')
    await eachInItsOwn(() => {})
    expect(sent.at(-1)).toEqual(['d'])
  })

  it('share a large value, and go in smaller batches where values are large', async () => {
    const { reader, sent, answer } = slowStore({ bytes: new Uint8Array(10_000_000), version: {} })
    const large = readAll(reader, keys(8))
    await eachInItsOwn(() => {})
    answer()
    await large
    await eachInItsOwn(...['a', 'b', 'c', 'b', 'c', 'd'].map((key) => () => void reader.read(key)))
    await turn()
    expect(sent.slice(1)).toEqual([['a'], ['b', 'c'], ['d']])
  })

  it('do not wait for timers that a test runner has replaced', async () => {
    const { reader, sent, answer } = slowStore()
    vi.useFakeTimers()
    const first = reader.read('a')
    await eachInItsOwn(() => {})
    const second = reader.read('b')
    answer()
    await first
    while (sent.length < 2) await turn()
    answer()
    await second
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
