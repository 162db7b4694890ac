import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/data/cache.js'
import { jsonCodec } from '../../src/entry/codec.js'
import { decodeValue, encodeValue } from '../../src/entry/shape.js'
import type { Answer } from '../../src/protocol/call.js'
import { handleOf } from '../../src/protocol/engine.js'
import { slotKey } from '../../src/protocol/slot.js'
import { turn } from '../../src/testing/fake-clock.js'
import { endsAfter, setUp, slowly } from '../support/set-up.js'
import { shapeWith } from '../support/shape-with.js'

const SHAPE = shapeWith({ codec: jsonCodec })

/** A call of a layer above that would rather load for itself alone than wait long, as a request does. */
function ask(cache: Cache, load: () => Promise<string>): Promise<Answer<string>> {
  const { engine } = handleOf(cache)
  return engine.joinOrLoad<string>(
    {
      key: 'k',
      slot: slotKey('value', 'test', 'k'),
      namespace: engine.marks.namespace('test'),
      marks: [],
      tags: [],
      namesTags: false,
      load: async () => ({ encoded: encodeValue(SHAPE, await load()), ttlMs: 1_000 }),
      open: (encoded) => decodeValue(SHAPE, encoded) as string,
      leaseMs: 1_000,
      hardTimeoutMs: 30_000,
      waitTimeoutMs: 500,
      fallback: 'own',
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      softTimeoutMs: undefined,
      jitter: 0,
      eagerRefresh: 0,
      forceFresh: false,
      signal: undefined,
    },
    undefined,
  )
}

describe('a call that would load for itself alone', () => {
  it('joins a load of its process, and leaves no timer behind', async () => {
    const { cache, clock } = setUp()
    const first = ask(cache, slowly(clock, 100, 'first'))
    await turn()
    const late = ask(cache, slowly(clock, 100, 'late'))
    expect(await endsAfter(clock, Promise.all([first, late]))).toBe(100)
    expect(await late).toMatchObject({ value: 'first', source: 'join' })
    // The deadlines of the store are over, the bound of the call would not be.
    await clock.advance(250)
    expect(clock.pending).toBe(0)
  })

  it('waits no longer than its bound, and then each loads alone', async () => {
    const { cache, clock } = setUp()
    const first = ask(cache, slowly(clock, 5_000, 'first'))
    await turn()
    const late = [ask(cache, slowly(clock, 100, 'one')), ask(cache, slowly(clock, 100, 'other'))]
    expect(await endsAfter(clock, Promise.all(late))).toBe(600)
    expect(await Promise.all(late)).toMatchObject([
      { value: 'one', source: 'unleased' },
      { value: 'other', source: 'unleased' },
    ])
    await endsAfter(clock, first)
    expect(await first).toMatchObject({ value: 'first', source: 'load' })
  })

  it('waits no longer for another process either', async () => {
    const { cache, another, clock } = setUp()
    const first = ask(cache, slowly(clock, 5_000, 'first'))
    await turn()
    const late = ask(another().cache, slowly(clock, 100, 'own'))
    expect(await endsAfter(clock, late)).toBe(600)
    expect(await late).toMatchObject({ value: 'own', source: 'unleased' })
    await endsAfter(clock, first)
  })
})
