import type { Store, StoreCapabilities } from '@tiercel/cache-core/store'
import { guardStore } from '@tiercel/cache-core/store'
import { noise, utf8 } from '../bytes.js'
import type { CaseContext, ConformanceCase } from '../case.js'
import { ConformanceError, codeOf, describe, expectBytes, expectEqual, expectError, expectMiss } from '../expect.js'
import { versionOf, WRITE_PATHS } from './write-paths.js'

const promise = 6
const OLD = utf8('old')
const NEW = utf8('new')
/** Up to this size `Buffer.alloc` leaves untouched memory to the system; beyond it, a test machine may refuse. */
const MAX_ALLOCATED_BYTES = 1_073_741_824
const REFUSED = ['ERR_VALUE_TOO_LARGE', 'ERR_STORE_FULL']

function tooLargeToMake({ maxValueBytes }: StoreCapabilities): string | undefined {
  return maxValueBytes > MAX_ALLOCATED_BYTES ? 'maxValueBytes is more than a buffer holds' : undefined
}

/** One byte more than the store declares to accept. Zeros, which cost nothing until they are read. */
function oversize({ maxValueBytes }: StoreCapabilities): Buffer {
  return Buffer.alloc(maxValueBytes + 1)
}

/**
 * The store as the guard would see it if it declared no limit. What it refuses, it must refuse itself, with an error
 * that tells the guard to clean up.
 */
function withoutLimit({ raw, timeoutMs }: CaseContext): Store {
  const capabilities = (): StoreCapabilities => ({ ...raw.capabilities, maxValueBytes: Number.MAX_SAFE_INTEGER })
  const unlimited = new Proxy(raw, {
    get(target, name) {
      if (name === 'capabilities') return capabilities()
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return guardStore(unlimited, { timeout: 5 * timeoutMs })
}

/** Beyond its own limit a store takes the whole value or fails with a known error; the old value is gone anyway. */
async function expectWholeOrRefused(
  what: string,
  store: Store,
  key: string,
  write: () => Promise<unknown>,
  value: Buffer,
) {
  try {
    await write()
  } catch (error) {
    if (!REFUSED.includes(codeOf(error))) {
      throw new ConformanceError(
        `${what} beyond maxValueBytes`,
        `an error with code ${REFUSED.join(' or ')}`,
        describe(error),
      )
    }
    expectMiss(`get after a refused ${what}`, await store.get(key))
    return
  }
  expectBytes(`get after ${what} took a value beyond maxValueBytes`, await store.get(key), value)
}

function beyondWhatIsSent({ maxValueBytes }: StoreCapabilities): string | undefined {
  return maxValueBytes > 67_108_864 ? 'maxValueBytes is more than the suite would send' : undefined
}

/** What the guard does not stop meets the engine's own limit, on every way of writing. */
const own: readonly ConformanceCase[] = WRITE_PATHS.map(({ name, needs, write }) => ({
  id: `refusals/own-${name}`,
  promise,
  title: `${name} beyond the limit that reaches the engine is stored whole or refused, and never leaves an old value`,
  needs,
  excuse: beyondWhatIsSent,
  async run(context) {
    const store = withoutLimit(context)
    const written = context.key()
    const value = noise(context.capabilities.maxValueBytes + 1)
    if (name !== 'add') await store.set(written, OLD)
    await expectWholeOrRefused(name, store, written, () => write(store, written, value), value)
    await store.delete(written)
  },
}))

export const refusals: readonly ConformanceCase[] = [
  {
    id: 'refusals/set',
    promise,
    title: 'a set of a value too large is an error, and the old value is gone',
    excuse: tooLargeToMake,
    async run({ store, capabilities, key }) {
      const written = key()
      await store.set(written, OLD)
      await expectError('set', () => store.set(written, oversize(capabilities)), 'ERR_VALUE_TOO_LARGE')
      expectMiss('get after a refused set', await store.get(written))
      await store.set(written, NEW)
      expectBytes('get after the next set', await store.get(written), NEW)
    },
  },
  {
    id: 'refusals/compare-and-set',
    promise,
    title: 'a refused compareAndSet removes the version it was given',
    needs: ['compareAndSet'],
    excuse: tooLargeToMake,
    async run({ store, capabilities, key }) {
      const written = key()
      await store.set(written, OLD)
      const version = await versionOf(store, written)
      const write = (): Promise<unknown> => store.compareAndSet(written, version, oversize(capabilities))
      await expectError('compareAndSet', write, 'ERR_VALUE_TOO_LARGE')
      expectMiss('get after a refused compareAndSet', await store.get(written))
    },
  },
  {
    id: 'refusals/compare-and-set-other',
    promise,
    title: 'a refused compareAndSet leaves another version alone',
    needs: ['compareAndSet'],
    excuse: tooLargeToMake,
    async run({ store, capabilities, key }) {
      const written = key()
      await store.set(written, OLD)
      const version = await versionOf(store, written)
      await store.set(written, NEW)
      const write = (): Promise<unknown> => store.compareAndSet(written, version, oversize(capabilities))
      await expectError('compareAndSet', write, 'ERR_VALUE_TOO_LARGE')
      expectBytes('get after a refused compareAndSet over another version', await store.get(written), NEW)
    },
  },
  {
    id: 'refusals/add',
    promise,
    title: 'a refused add changes nothing',
    needs: ['add'],
    excuse: tooLargeToMake,
    async run({ store, capabilities, key }) {
      const [absent, present] = [key(), key()]
      await store.set(present, OLD)
      for (const one of [absent, present]) {
        await expectError('add', () => store.add(one, oversize(capabilities)), 'ERR_VALUE_TOO_LARGE')
      }
      expectMiss('get of the absent key after a refused add', await store.get(absent))
      expectBytes('get of the present key after a refused add', await store.get(present), OLD)
    },
  },
  ...own,
  {
    id: 'refusals/neighbours',
    promise,
    title: 'operations beside a refused write are not hurt by it',
    excuse: beyondWhatIsSent,
    async run(context) {
      const store = withoutLimit(context)
      const large = context.key()
      const others = Array.from({ length: 20 }, () => context.key())
      const value = noise(context.capabilities.maxValueBytes + 1)
      const refused = store.set(large, value).catch(() => undefined)
      await Promise.all(others.map((key) => store.set(key, utf8(key))))
      await refused
      const entries = await store.getMany(others)
      for (const [index, key] of others.entries()) expectBytes('a value beside it', entries[index], utf8(key))
      expectEqual('delete of a value beside it', await store.delete(others[0] as string), true)
      await store.delete(large)
    },
  },
]
