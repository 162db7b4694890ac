import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectEqual, expectMiss, expectVersion } from '../expect.js'
import { versionOf } from './write-paths.js'

const promise = 'operations'
const FIRST = utf8('first')
const SECOND = utf8('second')

export const operations: readonly ConformanceCase[] = [
  {
    id: 'operations/get-reads',
    promise,
    title: 'get reads what set wrote, again and again',
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      expectBytes('get after set', await store.get(written), FIRST)
      expectBytes('a second get', await store.get(written), FIRST)
    },
  },
  {
    id: 'operations/miss',
    promise,
    title: 'get of an absent key is undefined',
    async run({ raw, key }) {
      expectMiss('get of a key that was never written', await raw.get(key()))
    },
  },
  {
    id: 'operations/overwrite',
    promise,
    title: 'set replaces what stood there',
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      await store.set(written, SECOND)
      expectBytes('get after a second set', await store.get(written), SECOND)
    },
  },
  {
    id: 'operations/delete',
    promise,
    title: 'delete removes the value',
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      await store.delete(written)
      expectMiss('get after delete', await store.get(written))
    },
  },
  {
    id: 'operations/delete-answer',
    promise,
    title: 'delete tells whether something stood there',
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      expectEqual('delete of a value', await store.delete(written), true)
      expectEqual('delete of an absent key', await store.delete(written), false)
    },
  },
  {
    id: 'operations/add',
    promise,
    title: 'add writes on an absent key and changes nothing on a present one',
    needs: ['add'],
    async run({ store, key }) {
      const written = key()
      expectVersion('add on an absent key', await store.add(written, FIRST))
      expectBytes('get after add', await store.get(written), FIRST)
      expectEqual('add on a present key', await store.add(written, SECOND), undefined)
      expectBytes('get after a refused add', await store.get(written), FIRST)
    },
  },
  {
    id: 'operations/add-after-delete',
    promise,
    title: 'add writes again after a delete',
    needs: ['add'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      await store.delete(written)
      expectVersion('add after delete', await store.add(written, SECOND))
      expectBytes('get after add', await store.get(written), SECOND)
    },
  },
  {
    id: 'operations/compare-and-set',
    promise,
    title: 'compareAndSet writes over the version it names and over no other',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      const version = await versionOf(store, written)
      expectVersion('compareAndSet', await store.compareAndSet(written, version, SECOND))
      expectBytes('get after compareAndSet', await store.get(written), SECOND)
      expectEqual('compareAndSet over an old version', await store.compareAndSet(written, version, FIRST), undefined)
      expectBytes('get after a refused compareAndSet', await store.get(written), SECOND)
    },
  },
  {
    id: 'operations/compare-and-delete',
    promise,
    title: 'compareAndDelete removes the version it names and no other',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      const old = await versionOf(store, written)
      await store.set(written, SECOND)
      expectEqual('compareAndDelete of an old version', await store.compareAndDelete(written, old), false)
      expectBytes('get after a refused compareAndDelete', await store.get(written), SECOND)
      const version = await versionOf(store, written)
      expectEqual('compareAndDelete', await store.compareAndDelete(written, version), true)
      expectMiss('get after compareAndDelete', await store.get(written))
      expectEqual('compareAndDelete on an absent key', await store.compareAndDelete(written, version), false)
    },
  },
  {
    id: 'operations/touch',
    promise,
    title: 'touch tells whether the key is there, and leaves its bytes',
    needs: ['touch'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, FIRST)
      expectEqual('touch of a value', await store.touch(written, 60_000), true)
      expectBytes('get after touch', await store.get(written), FIRST)
      const absent = key()
      expectEqual('touch of an absent key', await store.touch(absent, 60_000), false)
      expectMiss('get after touch of an absent key', await store.get(absent))
    },
  },
]
