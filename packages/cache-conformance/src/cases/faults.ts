import type { Store, Version } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { CaseContext, ConformanceCase } from '../case.js'
import { describe, expectBytes, expectEqual, expectMiss, expectTrue, expectWithin } from '../expect.js'
import { expectAllFail } from './errors.js'
import { expectSpent } from './versions.js'
import { versionOf } from './write-paths.js'

const needs = ['faults'] as const
const VALUE = utf8('value')
/** A deadline as caches have it, far below what a driver waits on its own. */
const DEADLINE_MS = 300
/** What a busy machine may add to a deadline. */
const SLACK_MS = 400
/** Writes after a restart whose versions are compared: more than the suite itself writes in between. */
const FIRST_WRITES = 12
/** Time for a delayed write to get through. */
const LATE_MS = 400

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Keys that are tried for recovery: if the store has several servers, each of them surely holds one. */
const PROBES = 32

/** Resolves when the store works again, on all its servers; fails if that takes longer than `recoveryMs`. */
async function expectRecovery(what: string, store: Store, { recoveryMs, key }: CaseContext): Promise<void> {
  const end = performance.now() + recoveryMs
  const probes = Array.from({ length: PROBES }, () => key())
  let last: unknown
  do {
    try {
      await Promise.all(
        probes.map(async (probe) => {
          await store.set(probe, VALUE)
          expectBytes('get', await store.get(probe), VALUE)
        }),
      )
      return
    } catch (error) {
      last = error
    }
    await pause(20)
  } while (performance.now() < end)
  expectTrue(what, false, `operations that work again within ${recoveryMs} ms`, describe(last))
}

/** Runs `during` while the server is away, and brings it back whatever happens. */
async function whileAway(
  begin: () => Promise<void>,
  end: () => Promise<void>,
  context: CaseContext,
  store: Store,
  during: () => Promise<void>,
): Promise<void> {
  await begin()
  try {
    await during()
  } finally {
    await end()
    // The store that all cases share must be usable again before the next case.
    await expectRecovery('the shared store', context.store, context)
  }
  await expectRecovery('the store', store, context)
}

function whileFrozen(context: CaseContext, store: Store, during: () => Promise<void>): Promise<void> {
  const { faults } = context
  return whileAway(
    () => faults.freeze(),
    () => faults.thaw(),
    context,
    store,
    during,
  )
}

function whileKilled(context: CaseContext, store: Store, during: () => Promise<void>): Promise<void> {
  const { faults } = context
  return whileAway(
    () => faults.kill(),
    () => faults.restart(),
    context,
    store,
    during,
  )
}

/** Writes the key again and again, and collects its versions. */
async function writtenVersions(store: Store, key: string): Promise<readonly Version[]> {
  const versions: Version[] = []
  for (let write = 0; write < FIRST_WRITES; write++) {
    await store.set(key, VALUE)
    versions.push(await versionOf(store, key))
  }
  return versions
}

async function openWarm({ open, key }: CaseContext, timeoutMs?: number): Promise<Store> {
  const { store } = await open(timeoutMs === undefined ? {} : { timeoutMs })
  await store.set(key(), VALUE)
  return store
}

export const faults: readonly ConformanceCase[] = [
  {
    id: 'faults/frozen',
    promise: 8,
    title: 'while the server is frozen every operation fails by its deadline, and no read is a miss',
    needs,
    async run(context) {
      const store = await openWarm(context, DEADLINE_MS)
      const written = context.key()
      await store.set(written, VALUE)
      await whileFrozen(context, store, () => expectAllFail(store, written, DEADLINE_MS + SLACK_MS))
    },
  },
  {
    id: 'faults/killed',
    promise: 8,
    title: 'while the server is gone operations fail by themselves, before their deadline, and no read is a miss',
    needs,
    async run(context) {
      const store = await openWarm(context, context.timeoutMs)
      const written = context.key()
      await whileKilled(context, store, async () => {
        // The first operation may still have to find out.
        await store.ping().catch(() => undefined)
        await expectAllFail(store, written, context.timeoutMs / 2)
      })
    },
  },
  {
    id: 'faults/thaw',
    promise: 10,
    title: 'a server that was frozen is used again without a restart of the client, data and all',
    needs,
    async run(context) {
      const store = await openWarm(context, DEADLINE_MS)
      const written = context.key()
      await store.set(written, VALUE)
      await whileFrozen(context, store, async () => {
        await store.get(written).catch(() => undefined)
        await pause(DEADLINE_MS)
      })
      expectBytes('get after the freeze', await store.get(written), VALUE)
    },
  },
  {
    id: 'faults/restart',
    promise: 10,
    title: 'a server that was restarted is used again without a restart of the client',
    needs,
    async run(context) {
      const store = await openWarm(context, context.timeoutMs)
      await whileKilled(context, store, async () => {
        await store.ping().catch(() => undefined)
      })
      const written = context.key()
      await store.set(written, VALUE)
      expectBytes('get after the restart', await store.get(written), VALUE)
    },
  },
  {
    id: 'faults/late-write',
    promise: 10,
    title: 'a write that timed out does not come back over a delete after the recovery',
    needs,
    async run(context) {
      const store = await openWarm(context, DEADLINE_MS)
      const written = context.key()
      await store.set(written, utf8('old'))
      await whileFrozen(context, store, async () => {
        await store.set(written, utf8('late')).catch(() => undefined)
      })
      await store.delete(written)
      await pause(LATE_MS)
      expectMiss('get after the delete', await store.get(written))
    },
  },
  {
    id: 'faults/late-compare-and-set',
    promise: 10,
    title: 'a compareAndSet that timed out does not come back over a delete after the recovery',
    needs: ['faults', 'compareAndSet'],
    async run(context) {
      const store = await openWarm(context, DEADLINE_MS)
      const written = context.key()
      await store.set(written, utf8('old'))
      const version = await versionOf(store, written)
      await whileFrozen(context, store, async () => {
        await store.compareAndSet(written, version, utf8('late')).catch(() => undefined)
      })
      await store.delete(written)
      await pause(LATE_MS)
      expectMiss('get after the delete', await store.get(written))
    },
  },
  {
    id: 'faults/versions-after-restart',
    promise: 4,
    title: 'a restart of the server does not bring versions back',
    needs: ['faults', 'compareAndSet'],
    async run(context) {
      const store = await openWarm(context, context.timeoutMs)
      const key = context.key()
      // The same writes after each restart: an engine that counts from the start again arrives at the same numbers.
      await whileKilled(context, store, async () => undefined)
      const before = await writtenVersions(store, key)
      await whileKilled(context, store, async () => undefined)
      for (let write = 0; write < FIRST_WRITES; write++) {
        await store.set(key, VALUE)
        const removed = await Promise.all(before.map((version) => store.compareAndDelete(key, version)))
        expectTrue('compareAndDelete of versions from before the restart', !removed.includes(true), 'false', 'true')
      }
      const [version] = before
      if (version !== undefined) await expectSpent('a version from before the restart', store, key, version)
    },
  },
  {
    id: 'faults/bus-after-restart',
    promise: 10,
    title: 'a subscription says when it breaks and when it stands again, and then hears again',
    needs: ['faults', 'bus'],
    async run(context) {
      const store = await openWarm(context, context.timeoutMs)
      const channel = context.key()
      const heard: string[] = []
      const states: string[] = []
      await store.subscribe(channel, (message) => void heard.push(Buffer.from(message).toString()), {
        onUp: () => void states.push('up'),
        onDown: () => void states.push('down'),
      })
      await whileKilled(context, store, () => pause(LATE_MS))
      await expectWithin('the subscription after a restart', context.recoveryMs, async () => {
        while (states[states.length - 1] !== 'up' || !states.includes('down')) await pause(10)
      }).catch(() => expectEqual('what the subscription told', states.join(', '), 'down, up'))
      await store.publish(channel, utf8('again'))
      await pause(LATE_MS)
      expectEqual('what the subscriber heard after the restart', heard.join(', '), 'again')
    },
  },
  {
    id: 'faults/closed-while-frozen',
    promise: 9,
    title: 'a store closes while its server is frozen, and what was under way settles',
    needs,
    async run(context) {
      const { raw, store } = await context.open()
      const written = context.key()
      await store.set(written, VALUE)
      await whileFrozen(context, context.store, async () => {
        const pending = [raw.get(written), raw.set(written, VALUE), raw.ping()]
        const settled = Promise.allSettled(pending)
        await expectWithin('close', context.timeoutMs, () => raw.close())
        await expectWithin('operations that were under way at close', context.timeoutMs, () => settled)
      })
    },
  },
]
