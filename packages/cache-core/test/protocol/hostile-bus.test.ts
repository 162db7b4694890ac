import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, MAX_CHANGES } from '../../src/protocol/bus-message.js'
import { MAX_TOPICS } from '../../src/protocol/wakes.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { turn } from '../../src/testing/fake-clock.js'
import { linked, load } from '../support/near.js'
import { setUp } from '../support/set-up.js'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const CHANNEL = '2:bus'
const SENDER = 'stranger'

const slotOf = (key: string): string => `2:v::${key}`

/** A message as its layout has it, with more than any bus would send. */
function oversized(slots: readonly string[]): Buffer {
  const whole = slots.map((slot) => encodeMessage({ sender: SENDER, number: 1, slots: [slot] }))
  const [first = Buffer.alloc(0), ...rest] = whole
  return Buffer.concat([first, ...rest.map((message) => message.subarray(14))])
}

describe('messages that somebody else has put on the bus', () => {
  it('of any bytes are heard or left, never an error, and what is heard can be told again', () => {
    const valid = encodeMessage({ sender: SENDER, number: 7, slots: [slotOf('a'), slotOf('b')] })
    const edits = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.uint8Array({ maxLength: 6 })), { maxLength: 5 })
    fc.assert(
      fc.property(edits, fc.nat(valid.length), fc.uint8Array({ maxLength: 60 }), (changes, cut, any) => {
        const bytes = Buffer.from(valid)
        for (const [at, written] of changes) bytes.set(written.subarray(0, valid.length - at), at)
        for (const planted of [bytes, bytes.subarray(0, cut), Buffer.concat([bytes, any]), any]) {
          const heard = decodeMessage(planted)
          if (heard?.slots === undefined) continue
          expect(decodeMessage(encodeMessage(heard))).toEqual(heard)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('are left where they name more, or longer names, than any bus sends', () => {
    const many = (count: number): Buffer => oversized(Array.from({ length: count }, () => ''))
    expect(decodeMessage(many(MAX_CHANGES))?.slots?.length).toBe(MAX_CHANGES)
    expect(decodeMessage(many(MAX_CHANGES + 1))).toBeUndefined()
    expect(decodeMessage(oversized(['x'.repeat(1_000_000)]))).toBeUndefined()
    const loads = (count: number): Buffer =>
      encodeMessage({
        sender: SENDER,
        number: 1,
        slots: undefined,
        loads: { kind: 'wanted', topics: Array.from({ length: count }, () => 't'.repeat(16)) },
      })
    expect(decodeMessage(loads(MAX_TOPICS))?.loads?.topics.length).toBe(MAX_TOPICS)
    expect(decodeMessage(loads(MAX_TOPICS + 1))).toBeUndefined()
  })

  it('no bus sends what others leave: thousands of changes in one turn, and the longest names, are heard', async () => {
    const all = await linked(setUp({ near: {} }))
    const other = await linked(all.another())
    const keys = Array.from({ length: 40 }, (_, at) => `${at}`.padEnd(16_000, '€'))
    for (const key of keys) await load(other.cache, key, 'old')
    expect(keys.every((key) => other.cache.peek(key) === 'old')).toBe(true)
    await all.cache.deleteMany([...keys, ...Array.from({ length: 3_000 }, (_, at) => `k${at}`)])
    await turn()
    expect(other.cache.peek(keys[0] ?? '')).toBeUndefined()
    expect(other.cache.peek(keys.at(-1) ?? '')).toBeUndefined()
    // By their messages, not because one of them was lost.
    await load(other.cache, 'kept', 'kept')
    await all.clock.advance(1_100)
    expect(other.cache.peek('kept')).toBe('kept')
  })

  it('by the ten thousand, of senders and names without end, take little memory', async () => {
    const wire = memoryStore()
    const all = await linked(setUp({ near: { ttl: '1h' }, ttl: '1h', bus: wire }))
    await load(all.cache, 'k', 'value')
    const publish = (at: number, slots: readonly string[] | undefined): Promise<void> =>
      wire.publish(CHANNEL, encodeMessage({ sender: `${at}`.padStart(8), number: 0, slots }))
    for (let at = 0; at < 30_000; at++) await publish(at, undefined)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    // Slots of namespaces that nobody has, and marks of tags that nobody has, with names of 100 KB.
    for (let at = 0; at < 2_000; at++) await publish(at, [`2:v:space${at}:key`, `2:t:${at}:`.padEnd(100_000, 'x')])
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000)
    expect(all.cache.peek('k')).toBe('value')
    expect(await all.cache.get('k')).toBe('value')
  })
})
