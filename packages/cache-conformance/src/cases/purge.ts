import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectEqual, expectMiss } from '../expect.js'

const promise = 7
const VALUE = utf8('value')

export const purge: readonly ConformanceCase[] = [
  {
    id: 'purge/own',
    promise,
    title: 'purge removes every value under the prefix, whatever its key',
    needs: ['purge'],
    async run({ open, prefix, key }) {
      const { store } = await open({ prefix: prefix() })
      const keys = ['a', ' ', '\0\r\n', '*', '%', ':', '猫', 'x'.repeat(300), 'y'.repeat(60_000), key()]
      await store.setMany(keys.map((one) => ({ key: one, bytes: VALUE, ttl: 60_000 })))
      await store.set('endless', VALUE)
      await store.purge()
      for (const entry of await store.getMany([...keys, 'endless'])) expectMiss('get after purge', entry)
    },
  },
  {
    id: 'purge/counters',
    promise,
    title: 'purge ends the counters under the prefix',
    needs: ['purge', 'increment'],
    async run({ open, prefix }) {
      const { store } = await open({ prefix: prefix() })
      await store.increment('counter', 5)
      await store.purge()
      expectEqual('the counter after purge', await store.increment('counter', 0), 0)
    },
  },
  {
    id: 'purge/neighbours',
    promise,
    title: 'purge of a prefix leaves those alone that begin with it, end with it or differ in case',
    needs: ['purge'],
    async run({ open, prefix }) {
      const own = prefix('-a')
      const { store } = await open({ prefix: own })
      const others = [`${own}b`, `${own}:b`, own.slice(0, -1), own.toUpperCase(), `x${own}`]
      const stores = await Promise.all(others.map((other) => open({ prefix: other })))
      for (const other of stores) await other.store.set('key', VALUE)
      await store.set('key', VALUE)
      await store.purge()
      expectMiss('get after purge', await store.get('key'))
      for (const [index, other] of stores.entries()) {
        expectBytes(
          `get under the prefix '${others[index]}' after a purge of '${own}'`,
          await other.store.get('key'),
          VALUE,
        )
      }
    },
  },
  {
    id: 'purge/patterns',
    promise,
    title: 'characters of patterns in a prefix stand for themselves',
    needs: ['purge'],
    async run({ open, prefix }) {
      const own = prefix()
      const victim = await open({ prefix: `${own}-ab` })
      await victim.store.set('key', VALUE)
      for (const pattern of ['*', 'a?', '[a]b', '%', '_b', 'a\\b']) {
        const { store } = await open({ prefix: `${own}-${pattern}` })
        await store.set('key', VALUE)
        await store.purge()
        expectMiss(`get under the prefix '${pattern}' after its purge`, await store.get('key'))
        expectBytes(`get under the prefix 'ab' after a purge of '${pattern}'`, await victim.store.get('key'), VALUE)
      }
    },
  },
  {
    id: 'purge/many',
    promise,
    title: 'purge removes thousands of values, and others are served meanwhile',
    needs: ['purge'],
    async run({ open, prefix, store: other, key }) {
      const { store } = await open({ prefix: prefix() })
      const keys = Array.from({ length: 2_500 }, (_, index) => `key ${index}`)
      for (let from = 0; from < keys.length; from += 500) {
        await store.setMany(keys.slice(from, from + 500).map((one) => ({ key: one, bytes: VALUE, ttl: 60_000 })))
      }
      const bystander = key()
      await other.set(bystander, VALUE)
      const purged = store.purge()
      expectBytes('get under another prefix during a purge', await other.get(bystander), VALUE)
      await purged
      for (let from = 0; from < keys.length; from += 500) {
        for (const entry of await store.getMany(keys.slice(from, from + 500))) expectMiss('get after purge', entry)
      }
    },
  },
  {
    id: 'purge/usable',
    promise,
    title: 'after a purge the store is used as before',
    needs: ['purge'],
    async run({ open, prefix }) {
      const { store } = await open({ prefix: prefix() })
      await store.purge()
      await store.set('key', VALUE)
      expectBytes('get of a value written after purge', await store.get('key'), VALUE)
    },
  },
]
