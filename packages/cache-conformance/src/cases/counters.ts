import type { ConformanceCase } from '../case.js'
import { expectEqual, expectError } from '../expect.js'
import { overAfter, shortTtl } from './lifetime-check.js'

const needs = ['increment'] as const

export const counters: readonly ConformanceCase[] = [
  {
    id: 'counters/begin',
    promise: 'operations',
    title: 'a counter begins at 0, and increment tells its new value',
    needs,
    async run({ store, key }) {
      const counter = key()
      expectEqual('the first increment by 1', await store.increment(counter, 1), 1)
      expectEqual('increment by 41', await store.increment(counter, 41), 42)
      expectEqual('increment of another counter by 7', await store.increment(key(), 7), 7)
    },
  },
  {
    id: 'counters/read',
    promise: 'operations',
    title: 'increment by 0 reads a counter',
    needs,
    async run({ store, key }) {
      const counter = key()
      expectEqual('increment of an absent counter by 0', await store.increment(counter, 0), 0)
      await store.increment(counter, 3)
      expectEqual('increment by 0', await store.increment(counter, 0), 3)
      expectEqual('increment by 0 again', await store.increment(counter, 0), 3)
    },
  },
  {
    id: 'counters/down',
    promise: 'operations',
    title: 'a counter goes down by a negative number, below 0 too',
    needs,
    async run({ store, key }) {
      const counter = key()
      await store.increment(counter, 5)
      expectEqual('5 incremented by -3', await store.increment(counter, -3), 2)
      expectEqual('2 incremented by -6', await store.increment(counter, -6), -4)
      expectEqual('-4 incremented by 10', await store.increment(counter, 10), 6)
    },
  },
  {
    id: 'counters/large',
    promise: 'operations',
    title: 'a counter is right past 2^31, 2^32 and 2^52',
    needs,
    async run({ store, key }) {
      for (const start of [2 ** 31 - 2, 2 ** 32 - 2, 2 ** 40, 2 ** 52]) {
        const counter = key()
        expectEqual(`the first increment by ${start}`, await store.increment(counter, start), start)
        expectEqual(`${start} incremented by 5`, await store.increment(counter, 5), start + 5)
      }
    },
  },
  {
    id: 'counters/range',
    promise: 'operations',
    title: 'an increment beyond what a number tells exactly is an error, and the counter keeps its value',
    needs,
    async run({ store, key }) {
      for (const start of [2 ** 52, -(10 ** 14)]) {
        const counter = key()
        const beyond = Math.sign(start) * Number.MAX_SAFE_INTEGER
        await store.increment(counter, start)
        await expectError(
          `${start} incremented by ${beyond}`,
          () => store.increment(counter, beyond),
          'ERR_COUNTER_RANGE',
        )
        expectEqual('the counter afterwards', await store.increment(counter, 0), start)
        expectEqual('the counter incremented by 1', await store.increment(counter, 1), start + 1)
      }
      const absent = key()
      await expectError(
        'an absent counter incremented by 2^53',
        () => store.increment(absent, 2 ** 53),
        'ERR_INVALID_OPTION',
      )
      expectEqual('the counter afterwards', await store.increment(absent, 0), 0)
    },
  },
  {
    id: 'counters/whole',
    promise: 'operations',
    title: 'increment by what is no whole number is refused',
    needs,
    async run({ store, key }) {
      const counter = key()
      for (const by of [0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]) {
        await expectError(
          `increment by ${String(by)}`,
          () => store.increment(counter, by as number),
          'ERR_INVALID_OPTION',
        )
      }
      expectEqual('the counter afterwards', await store.increment(counter, 0), 0)
    },
  },
  {
    id: 'lifetime/counter',
    promise: 2,
    title: 'the TTL of a counter is fixed when it begins: later increments do not renew it',
    needs,
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      for (let ttl = shortTtl(clock); ; ttl *= 2) {
        const counter = key()
        const startedAt = clock.now()
        await clock.store.increment(counter, 1, { ttl })
        const begunAt = clock.now()
        await clock.pass(ttl / 2)
        const second = await clock.store.increment(counter, 1, { ttl })
        if (second !== 2 && clock.now() - startedAt >= ttl) continue
        expectEqual('increment before the TTL is over', second, 2)
        await clock.pass(begunAt + overAfter(ttl, clock) - clock.now())
        expectEqual('the counter after its TTL', await clock.store.increment(counter, 0), 0)
        return
      }
    },
  },
]
