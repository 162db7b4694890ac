import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectEqual, expectError, expectMiss, expectVersion } from '../expect.js'
import { expectLifetime, expectStays, overAfter, shortTtl } from './lifetime-check.js'
import { versionOf, WRITE_PATHS } from './write-paths.js'

const promise = 2
const VALUE = utf8('value')
const DAY_MS = 86_400_000
const LONG_TTLS: Readonly<Record<string, number>> = { '31 days': 31 * DAY_MS, '10 years': 3_650 * DAY_MS }

/** Every way of writing ends its value on time. */
const ends: readonly ConformanceCase[] = WRITE_PATHS.map(({ name, needs, write }) => ({
  id: `lifetime/${name}`,
  promise,
  title: `a value written by ${name} stays for its TTL and is gone soon after`,
  needs,
  waits: true,
  run: (context) =>
    expectLifetime(`a value written by ${name}`, context, (store, key, ttl) => write(store, key, VALUE, ttl)),
}))

/** Every way of writing accepts lifetimes that do not fit an engine's short form. */
const long: readonly ConformanceCase[] = WRITE_PATHS.map(({ name, needs, write }) => ({
  id: `lifetime/long-${name}`,
  promise,
  title: `${name} takes lifetimes of 31 days and 10 years`,
  needs,
  waits: true,
  async run({ time, key }) {
    const { store, exact, pass } = await time()
    const written = Object.entries(LONG_TTLS).map(([text, ttl]) => ({ text, ttl, key: key() }))
    for (const one of written) await write(store, one.key, VALUE, one.ttl)
    let passed = 0
    for (const { text, ttl, key: present } of written) {
      const wait = exact ? ttl - passed - 1 : 100
      await pass(wait)
      passed += wait
      expectBytes(`get of a value with a TTL of ${text}, ${passed} ms later`, await store.get(present), VALUE)
    }
  },
}))

export const lifetime: readonly ConformanceCase[] = [
  ...ends,
  ...long,
  {
    id: 'lifetime/touch-extends',
    promise,
    title: 'touch gives a longer life',
    needs: ['touch'],
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, VALUE, { ttl })
      expectEqual('touch', await clock.store.touch(written, 100 * ttl), true)
      await clock.pass(overAfter(ttl, clock))
      expectBytes('get after the first TTL, before that of touch', await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/touch-ends',
    promise,
    title: 'touch gives an end to a value that had none',
    needs: ['touch'],
    waits: true,
    run: (context) =>
      expectLifetime('a touched value', context, async (store, key, ttl) => {
        await store.set(key, VALUE)
        expectEqual('touch', await store.touch(key, ttl), true)
      }),
  },
  {
    id: 'lifetime/keep',
    promise,
    title: "compareAndSet with ttl 'keep' leaves what is left of the life, or gives more",
    needs: ['compareAndSet'],
    waits: true,
    async run(context) {
      await expectStays('a value kept by compareAndSet', context, await context.time(), async (store, key, ttl) => {
        await store.set(key, utf8('before'), { ttl })
        const version = await versionOf(store, key)
        expectVersion("compareAndSet with 'keep'", await store.compareAndSet(key, version, VALUE, { ttl: 'keep' }))
      })
    },
  },
  {
    id: 'lifetime/keep-endless',
    promise,
    title: "compareAndSet with ttl 'keep' gives no end to a value that had none",
    needs: ['compareAndSet'],
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      await clock.store.set(written, utf8('before'))
      const version = await versionOf(clock.store, written)
      await clock.store.compareAndSet(written, version, VALUE, { ttl: 'keep' })
      await clock.pass(clock.exact ? 3_650 * DAY_MS : 300)
      expectBytes("get of an endless value after 'keep'", await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/rewrite-without-ttl',
    promise,
    title: 'a write without a TTL ends the life of the value before it, not its own',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, utf8('before'), { ttl })
      await clock.store.set(written, VALUE)
      await clock.pass(overAfter(ttl, clock))
      expectBytes('get after the TTL of the value before', await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/rewrite-after-delete',
    promise,
    title: 'a deleted value takes its TTL with it',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, utf8('before'), { ttl })
      await clock.store.delete(written)
      await clock.store.set(written, VALUE, { ttl: 1_000 * ttl })
      await clock.pass(overAfter(ttl, clock))
      expectBytes('get after the TTL of a deleted value', await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/reads-do-not-renew',
    promise,
    title: 'reading a value does not prolong its life',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, VALUE, { ttl })
      const begunAt = clock.now()
      for (const part of [0.3, 0.6, 0.9]) {
        await clock.pass(begunAt + part * ttl - clock.now())
        await clock.store.get(written)
      }
      await clock.pass(begunAt + overAfter(ttl, clock) - clock.now())
      expectMiss('get after the TTL, with reads in between', await clock.store.get(written))
    },
  },
  {
    id: 'lifetime/fractions',
    promise,
    title: 'a TTL below a second or with a fraction is taken, and is not for ever',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = [0.5, 1, 99.9].map((ttl) => ({ ttl, key: key() }))
      for (const one of written) await clock.store.set(one.key, VALUE, { ttl: one.ttl })
      await clock.pass(overAfter(100, clock))
      for (const { ttl, key: gone } of written) {
        expectMiss(`get after a TTL of ${ttl} ms`, await clock.store.get(gone))
      }
    },
  },
  {
    id: 'lifetime/no-end',
    promise,
    title: 'a value without a TTL has no end',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      await clock.store.set(written, VALUE)
      await clock.pass(clock.exact ? 3_650 * DAY_MS : 1_500)
      expectBytes('get of a value without a TTL', await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/get-many',
    promise,
    title: 'getMany does not show values whose TTL is over',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const [ended, stays] = [key(), key()]
      const ttl = shortTtl(clock)
      await clock.store.set(ended, VALUE, { ttl })
      await clock.store.set(stays, VALUE)
      await clock.pass(overAfter(ttl, clock))
      const [first, second] = await clock.store.getMany([ended, stays])
      expectMiss('getMany of an ended value', first)
      expectBytes('getMany of an endless value', second, VALUE)
    },
  },
  {
    id: 'lifetime/add-after-end',
    promise,
    title: 'a key whose TTL is over is free for add',
    needs: ['add'],
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, utf8('before'), { ttl })
      await clock.pass(overAfter(ttl, clock))
      expectVersion('add after the TTL', await clock.store.add(written, VALUE))
      expectBytes('get after add', await clock.store.get(written), VALUE)
    },
  },
  {
    id: 'lifetime/refused',
    promise,
    title: 'a TTL that is no positive, finite number is refused with a RangeError',
    async run({ store, key }) {
      const written = key()
      for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1s', null]) {
        const error = await expectError(
          `set with ttl ${String(ttl)}`,
          () => store.set(written, VALUE, { ttl: ttl as number }),
          'ERR_INVALID_OPTION',
        )
        expectEqual('a RangeError', error instanceof RangeError, true)
      }
      expectMiss('get after refused writes', await store.get(written))
    },
  },
]
