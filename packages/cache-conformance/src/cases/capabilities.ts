import { CAPABILITY_NAMES, type Store, type StoreCapabilities } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { CaseContext, ConformanceCase } from '../case.js'
import { describe, expectBytes, expectEqual, expectError, expectTrue, expectVersion } from '../expect.js'
import { versionOf } from './write-paths.js'

const promise = 'capabilities'
const VALUE = utf8('value')
const METHODS: readonly (keyof Store)[] = [
  'get',
  'set',
  'add',
  'compareAndSet',
  'delete',
  'compareAndDelete',
  'touch',
  'getMany',
  'setMany',
  'deleteMany',
  'increment',
  'ping',
  'publish',
  'subscribe',
  'purge',
  'close',
]
const LIMITS: readonly (keyof StoreCapabilities)[] = ['ttlResolutionMs', 'maxKeyBytes', 'maxValueBytes']

/** Calls to the operations behind a capability, each on keys that nobody uses. */
type Calls = (context: CaseContext) => Readonly<Record<string, () => Promise<unknown>>>

/** If declared missing, its operations throw `UnsupportedError`. If declared present, `works` checks it. */
function honest(
  capability: keyof StoreCapabilities,
  calls: Calls,
  works: (context: CaseContext) => Promise<void>,
): ConformanceCase {
  return {
    id: `capabilities/${capability}`,
    promise,
    title: `${capability} works where it is declared, and is an UnsupportedError where it is not`,
    async run(context) {
      if (context.capabilities[capability]) return works(context)
      for (const [operation, call] of Object.entries(calls(context))) {
        await expectError(`${operation}, with ${capability}: false`, call, 'ERR_UNSUPPORTED')
      }
    },
  }
}

export const capabilities: readonly ConformanceCase[] = [
  {
    id: 'capabilities/declared',
    promise,
    title: 'a store has a name, every operation, and says of every capability whether it has it',
    async run({ raw }) {
      expectTrue('name', typeof raw.name === 'string' && raw.name !== '', 'a text', describe(raw.name))
      for (const method of METHODS) expectEqual(`type of ${method}`, typeof raw[method], 'function')
      for (const name of CAPABILITY_NAMES) {
        expectEqual(`type of capabilities.${name}`, typeof raw.capabilities[name], 'boolean')
      }
      for (const name of LIMITS) {
        const limit = raw.capabilities[name]
        const fits = typeof limit === 'number' && limit >= (name === 'ttlResolutionMs' ? 0 : 1)
        expectTrue(`capabilities.${name}`, fits, 'a number from 1 (resolution: 0)', describe(limit))
      }
    },
  },
  honest(
    'add',
    ({ raw, key }) => ({ add: () => raw.add(key(), VALUE) }),
    async ({ store, key }) => {
      expectVersion('add on an absent key', await store.add(key(), VALUE))
    },
  ),
  honest(
    'compareAndSet',
    ({ raw, key }) => ({
      compareAndSet: () => raw.compareAndSet(key(), 'version', VALUE),
      compareAndDelete: () => raw.compareAndDelete(key(), 'version'),
    }),
    async ({ store, key }) => {
      const written = key()
      await store.set(written, VALUE)
      const version = await versionOf(store, written)
      expectVersion('compareAndSet', await store.compareAndSet(written, version, VALUE))
    },
  ),
  honest(
    'touch',
    ({ raw, key }) => ({ touch: () => raw.touch(key(), 1_000) }),
    async ({ store, key }) => {
      const written = key()
      await store.set(written, VALUE)
      expectEqual('touch', await store.touch(written, 60_000), true)
    },
  ),
  honest(
    'increment',
    ({ raw, key }) => ({ increment: () => raw.increment(key(), 1) }),
    async ({ store, key }) => {
      expectEqual('the first increment by 1', await store.increment(key(), 1), 1)
    },
  ),
  honest(
    'bus',
    ({ raw, key }) => ({
      publish: () => raw.publish(key(), VALUE),
      subscribe: () => raw.subscribe(key(), () => undefined),
    }),
    async ({ store, key }) => {
      const unsubscribe = await store.subscribe(key(), () => undefined)
      expectEqual('type of what subscribe answers', typeof unsubscribe, 'function')
      await unsubscribe()
    },
  ),
  honest(
    'purge',
    ({ raw }) => ({ purge: () => raw.purge() }),
    async ({ open, prefix }) => {
      const { store } = await open({ prefix: prefix() })
      await store.purge()
    },
  ),
  {
    id: 'capabilities/shared',
    promise,
    title: 'another client with the same prefix sees what this one writes',
    needs: ['shared'],
    async run({ store, key, open }) {
      const other = await open()
      const written = key()
      await store.set(written, VALUE)
      expectBytes('get by another client', await other.store.get(written), VALUE)
    },
  },
  {
    id: 'capabilities/shared-processes',
    promise,
    title: 'another process sees what this one writes',
    needs: ['shared', 'module'],
    async run({ store, key, crew }) {
      const written = key()
      await store.set(written, VALUE)
      const [seen] = await (await crew()).solo({ kind: 'read', keys: [written] })
      expectEqual('get by another process', seen, 'value')
    },
  },
  {
    id: 'capabilities/never-grow',
    promise,
    title: 'a capability that was missing does not appear later',
    async run({ raw, open }) {
      const { raw: fresh } = await open()
      for (const name of CAPABILITY_NAMES) {
        const grew = raw.capabilities[name] && !fresh.capabilities[name]
        expectTrue(`capabilities.${name} of a new store`, !grew, 'true, as in a used one', 'false')
      }
    },
  },
]
