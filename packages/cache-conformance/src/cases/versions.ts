import type { Store, Version } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { expectBytes, expectEqual, expectMiss, expectVersion } from '../expect.js'
import { overAfter, shortTtl } from './lifetime-check.js'
import { versionOf } from './write-paths.js'

const promise = 4
const SAME = utf8('the same bytes')
const OTHER = utf8('a late write')
/** Versions as stores make them, in forms that not every driver can send. */
const FOREIGN: readonly Version[] = ['no number', utf8('stamp'), { cas: 1n }]

/** The version of an earlier write no longer matches anything, whatever is stored now. */
export async function expectSpent(what: string, store: Store, key: string, version: Version): Promise<void> {
  const before = await store.get(key)
  expectEqual(`compareAndSet over ${what}`, await store.compareAndSet(key, version, OTHER), undefined)
  expectEqual(`compareAndDelete of ${what}`, await store.compareAndDelete(key, version), false)
  const after = await store.get(key)
  if (before === undefined) expectMiss(`get after writes over ${what}`, after)
  else expectBytes(`get after writes over ${what}`, after, before.bytes)
}

export const versions: readonly ConformanceCase[] = [
  {
    id: 'versions/equal-bytes',
    promise,
    title: 'the same bytes written twice have two versions',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, SAME)
      const version = await versionOf(store, written)
      await store.set(written, SAME)
      await expectSpent('the version of equal bytes written before', store, written, version)
    },
  },
  {
    id: 'versions/delete-and-add',
    promise,
    title: 'a version does not come back with delete and add of equal bytes',
    needs: ['add', 'compareAndSet'],
    async run({ store, key }) {
      const written = key()
      const version = expectVersion('add', await store.add(written, SAME))
      await store.delete(written)
      expectVersion('add after delete', await store.add(written, SAME))
      await expectSpent('the version from before delete and add', store, written, version)
    },
  },
  {
    id: 'versions/delete-and-set',
    promise,
    title: 'a version does not come back with delete and as many writes as before',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      const seen: Version[] = []
      for (let round = 0; round < 3; round++) {
        await store.delete(written)
        for (let write = 0; write < 3; write++) {
          await store.set(written, SAME)
          seen.push(await versionOf(store, written))
        }
      }
      for (const version of seen.slice(0, -1)) {
        await expectSpent('a version from before a delete', store, written, version)
      }
    },
  },
  {
    id: 'versions/absent-never-written',
    promise,
    title: 'compareAndSet on a key that was never written fails',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const elsewhere = key()
      await store.set(elsewhere, SAME)
      await expectSpent('a version of another key', store, key(), await versionOf(store, elsewhere))
    },
  },
  {
    id: 'versions/another-store',
    promise,
    title: 'a version that another store has made matches nothing, and is no error',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, SAME)
      for (const version of FOREIGN) await expectSpent("another store's version", store, written, version)
    },
  },
  {
    id: 'versions/absent-deleted',
    promise,
    title: 'compareAndSet on a deleted key fails: absent can mean deleted',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const written = key()
      await store.set(written, SAME)
      const version = await versionOf(store, written)
      await store.delete(written)
      await expectSpent('the version of a deleted value', store, written, version)
    },
  },
  {
    id: 'versions/absent-expired',
    promise,
    title: 'compareAndSet on a key whose TTL is over fails',
    needs: ['compareAndSet'],
    waits: true,
    async run({ time, key }) {
      const clock = await time()
      const written = key()
      const ttl = shortTtl(clock)
      await clock.store.set(written, SAME, { ttl: 1_000 * ttl })
      const version = await versionOf(clock.store, written)
      const written2 = await clock.store.compareAndSet(written, version, SAME, { ttl })
      await clock.pass(overAfter(ttl, clock))
      await expectSpent('the version of an ended value', clock.store, written, expectVersion('compareAndSet', written2))
    },
  },
  {
    id: 'versions/writes-report',
    promise,
    title: 'add and compareAndSet report the version they wrote, good for the next write',
    needs: ['add', 'compareAndSet'],
    async run({ store, key }) {
      const written = key()
      const seen: Version[] = [expectVersion('add', await store.add(written, utf8('0')))]
      for (let step = 1; step <= 10; step++) {
        const last = seen[seen.length - 1] as Version
        const next = await store.compareAndSet(written, last, utf8(String(step)))
        seen.push(expectVersion('compareAndSet over the version reported by the write before', next))
      }
      expectBytes('get after the chain', await store.get(written), utf8('10'))
      for (const version of seen.slice(0, -1)) {
        await expectSpent('a version from earlier in the chain', store, written, version)
      }
      const last = seen[seen.length - 1] as Version
      expectEqual('compareAndDelete of the last version', await store.compareAndDelete(written, last), true)
    },
  },
  {
    id: 'versions/reported-is-own',
    promise,
    title: 'the version that add reports is of its own write, not of one after it',
    needs: ['add', 'compareAndSet'],
    async run({ store, key }) {
      for (let round = 0; round < 20; round++) {
        const written = key()
        const [version] = await Promise.all([store.add(written, SAME), store.set(written, utf8('after'))])
        const entry = await store.get(written)
        if (version === undefined || entry === undefined || !utf8('after').equals(entry.bytes)) continue
        await expectSpent('the version of an add that was written over', store, written, version)
      }
    },
  },
  {
    id: 'versions/get-many',
    promise,
    title: 'versions that getMany reports are as good as those of get',
    needs: ['compareAndSet'],
    async run({ store, key }) {
      const keys = [key(), key(), key()]
      await store.setMany(keys.map((one) => ({ key: one, bytes: SAME })))
      const entries = await store.getMany(keys)
      for (const [index, one] of keys.entries()) {
        const entry = expectBytes('getMany', entries[index], SAME)
        expectVersion('compareAndSet over it', await store.compareAndSet(one, entry.version, utf8('next')))
        await expectSpent('a version of getMany, written over', store, one, entry.version)
      }
    },
  },
  {
    id: 'versions/other-client',
    promise,
    title: 'a write of another client spends the version',
    needs: ['compareAndSet', 'shared'],
    async run({ store, key, open }) {
      const other = await open()
      const written = key()
      await store.set(written, SAME)
      const version = await versionOf(store, written)
      await other.store.set(written, SAME)
      await expectSpent('a version that another client wrote over', store, written, version)
    },
  },
]
