import { noise, utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectEqual, expectError, expectMiss } from '../expect.js'
import { overAfter, shortTtl } from './lifetime-check.js'

const promise = 5

export const batches: readonly ConformanceCase[] = [
  {
    id: 'batches/order',
    promise,
    title: 'getMany answers in the order of the keys it was given',
    async run({ store, key }) {
      const written = Array.from({ length: 20 }, (_, index) => ({ key: key(), bytes: utf8(`value ${index}`) }))
      for (const one of written) await store.set(one.key, one.bytes)
      for (const order of [written, [...written].reverse()]) {
        const entries = await store.getMany(order.map((one) => one.key))
        expectEqual('length of the answer', entries.length, order.length)
        for (const [index, one] of order.entries()) expectBytes(`answer ${index} of getMany`, entries[index], one.bytes)
      }
    },
  },
  {
    id: 'batches/misses',
    promise,
    title: 'a miss in getMany is undefined, in its place',
    async run({ raw, key }) {
      const [first, absent, last] = [key(), key(), key()]
      await raw.set(first, utf8('first'))
      await raw.set(last, utf8('last'))
      const entries = await raw.getMany([absent, first, absent, last, absent])
      expectEqual('length of the answer', entries.length, 5)
      for (const place of [0, 2, 4]) expectMiss(`answer ${place} of getMany`, entries[place])
      expectBytes('answer 1 of getMany', entries[1], utf8('first'))
      expectBytes('answer 3 of getMany', entries[3], utf8('last'))
    },
  },
  {
    id: 'batches/duplicates',
    promise,
    title: 'a key asked for twice in getMany is answered twice',
    async run({ store, key }) {
      const [twice, once] = [key(), key()]
      await store.setMany([
        { key: twice, bytes: utf8('twice') },
        { key: once, bytes: utf8('once') },
      ])
      const entries = await store.getMany([twice, once, twice])
      expectEqual('length of the answer', entries.length, 3)
      expectBytes('the first answer', entries[0], utf8('twice'))
      expectBytes('the answer between', entries[1], utf8('once'))
      expectBytes('the second answer', entries[2], utf8('twice'))
    },
  },
  {
    id: 'batches/none',
    promise,
    title: 'a batch of nothing does nothing',
    async run({ store }) {
      expectEqual('length of getMany of no keys', (await store.getMany([])).length, 0)
      await store.setMany([])
      await store.deleteMany([])
    },
  },
  {
    id: 'batches/many',
    promise,
    title: 'a thousand keys are one batch',
    async run({ store, key }) {
      const written = Array.from({ length: 1_000 }, (_, index) => ({ key: key(), bytes: utf8(`value ${index}`) }))
      const keys = written.map((one) => one.key)
      await store.setMany(written)
      const entries = await store.getMany(keys)
      for (const [index, one] of written.entries()) expectBytes(`answer ${index} of 1000`, entries[index], one.bytes)
      await store.deleteMany(keys)
      for (const entry of await store.getMany(keys)) expectMiss('getMany after deleteMany', entry)
    },
  },
  {
    id: 'batches/servers',
    promise,
    title: 'where the store shows servers, the parts of a batch add up to the whole',
    async run({ store, raw, key }) {
      const written = Array.from({ length: 64 }, (_, index) => ({ key: key(), bytes: utf8(`value ${index}`) }))
      await store.setMany(written)
      if (raw.serverOf === undefined) return
      const keys = written.map((one) => one.key)
      const servers = keys.map((one) => raw.serverOf?.(one))
      expectEqual(
        'the servers of the same keys, asked again',
        keys.map((one) => raw.serverOf?.(one)).join(),
        servers.join(),
      )
      for (const server of new Set(servers)) {
        const part = written.filter((_, index) => servers[index] === server)
        const entries = await raw.getMany(part.map((one) => one.key))
        for (const [index, one] of part.entries()) expectBytes(`value ${index} on ${server}`, entries[index], one.bytes)
      }
    },
  },
  {
    id: 'batches/mixed-sizes',
    promise,
    title: 'large and small values in one batch keep apart',
    async run({ store, capabilities, key }) {
      const sizes = [0, 70_000, 1, 200_000, 0, 16, 70_001].filter((size) => size <= capabilities.maxValueBytes)
      const written = sizes.map((size) => ({ key: key(), bytes: noise(size) }))
      await store.setMany(written)
      const entries = await store.getMany(written.map((one) => one.key))
      for (const [index, one] of written.entries()) expectBytes(`answer ${index} of getMany`, entries[index], one.bytes)
    },
  },
  {
    id: 'batches/set-many-ttls',
    promise,
    title: 'in setMany each value has its own TTL',
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const [ended, long, endless] = [key(), key(), key()]
      const ttl = shortTtl(clock)
      await clock.store.setMany([
        { key: long, bytes: utf8('long'), ttl: 1_000 * ttl },
        { key: ended, bytes: utf8('ended'), ttl },
        { key: endless, bytes: utf8('endless') },
      ])
      await clock.pass(overAfter(ttl, clock))
      const entries = await clock.store.getMany([ended, long, endless])
      expectMiss('the value whose TTL is over', entries[0])
      expectBytes('the value with the long TTL', entries[1], utf8('long'))
      expectBytes('the value without a TTL', entries[2], utf8('endless'))
    },
  },
  {
    id: 'batches/set-many-partly-refused',
    promise,
    title: 'when one value of setMany is refused, the others are written and the error is thrown',
    excuse: ({ maxValueBytes }) =>
      maxValueBytes > 67_108_864 ? 'maxValueBytes is more than the suite would send' : undefined,
    async run({ store, capabilities, key }) {
      const [first, large, last] = [key(), key(), key()]
      await store.set(large, utf8('old'))
      const writes = [
        { key: first, bytes: utf8('first') },
        { key: large, bytes: Buffer.alloc(capabilities.maxValueBytes + 1) },
        { key: last, bytes: utf8('last') },
      ]
      await expectError('setMany with one value too large', () => store.setMany(writes), 'ERR_VALUE_TOO_LARGE')
      const entries = await store.getMany([first, large, last])
      expectBytes('the value before the refused one', entries[0], utf8('first'))
      expectMiss('the refused value', entries[1])
      expectBytes('the value after the refused one', entries[2], utf8('last'))
    },
  },
  {
    id: 'batches/delete-many',
    promise,
    title: 'deleteMany removes the keys it was given, absent ones too, and no other',
    async run({ store, key }) {
      const [first, stays, absent, last] = [key(), key(), key(), key()]
      await store.setMany([first, stays, last].map((one) => ({ key: one, bytes: utf8('value') })))
      await store.deleteMany([first, absent, last, first])
      const entries = await store.getMany([first, stays, last])
      expectMiss('the first deleted key', entries[0])
      expectBytes('the key that was not named', entries[1], utf8('value'))
      expectMiss('the last deleted key', entries[2])
    },
  },
]
