import type { Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { ConformanceError, codeOf, describe, expectEqual, expectTrue, expectWithin } from '../expect.js'

const promise = 8
const VALUE = utf8('value')

/** Every operation that the store declares, on one key. */
export function everyOperation(store: Store, key: string): Readonly<Record<string, () => Promise<unknown>>> {
  const { add, compareAndSet, touch, increment } = store.capabilities
  const version = {}
  return {
    get: () => store.get(key),
    set: () => store.set(key, VALUE),
    ...(add && { add: () => store.add(key, VALUE) }),
    ...(compareAndSet && {
      compareAndSet: () => store.compareAndSet(key, version, VALUE),
      compareAndDelete: () => store.compareAndDelete(key, version),
    }),
    ...(touch && { touch: () => store.touch(key, 60_000) }),
    getMany: () => store.getMany([key]),
    setMany: () => store.setMany([{ key, bytes: VALUE }]),
    deleteMany: () => store.deleteMany([key]),
    delete: () => store.delete(key),
    ...(increment && { increment: () => store.increment(`${key}-counter`, 1) }),
    ping: () => store.ping(),
  }
}

/** Codes of the errors of reads, and of writes, when the server does not answer. */
const READ_FAILURES = ['ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE']
const WRITE_FAILURES = ['ERR_AMBIGUOUS_WRITE', 'ERR_STORE_UNAVAILABLE']
const READS = ['get', 'getMany', 'ping']

/** Every operation fails within `ms`, with an error that says that the server is away. */
export async function expectAllFail(store: Store, key: string, ms: number): Promise<void> {
  await Promise.all(
    Object.entries(everyOperation(store, key)).map(async ([operation, call]) => {
      const codes = READS.includes(operation) ? READ_FAILURES : WRITE_FAILURES
      const seen = await expectWithin(`${operation} without a server`, ms, () =>
        call().then(
          (answer) => ({ answer }),
          (error: unknown) => error,
        ),
      )
      if (!codes.includes(codeOf(seen))) {
        const text =
          seen instanceof Error ? describe(seen) : `the answer ${describe((seen as { answer: unknown }).answer)}`
        throw new ConformanceError(`${operation} without a server`, `an error with code ${codes.join(' or ')}`, text)
      }
    }),
  )
}

export const errors: readonly ConformanceCase[] = [
  {
    id: 'errors/operations-end',
    promise,
    title: 'every operation on a healthy server ends by itself, without an error',
    async run({ raw, key, timeoutMs }) {
      for (const [operation, call] of Object.entries(everyOperation(raw, key()))) {
        // With a version that the store did not make, it may fail in any way, as long as it ends.
        const strange = operation.startsWith('compareAnd')
        await expectWithin(operation, timeoutMs, () => (strange ? call().catch(() => undefined) : call()))
      }
    },
  },
  {
    id: 'errors/quiet',
    promise,
    title: 'nothing is printed, no rejection is left unhandled, no warning of the process is raised',
    needs: ['module'],
    async run({ probe }) {
      const { printed, strays, failure } = await probe('use')
      expectEqual('a process that uses every operation', failure, undefined)
      expectEqual('what it printed', printed, '')
      expectTrue('what it left behind', strays.length === 0, 'nothing', strays.join('; '))
    },
  },
  {
    id: 'errors/unreachable',
    promise,
    title: 'without a server every operation fails in time, with an error that says so',
    needs: ['unreachable'],
    async run({ openUnreachable, timeoutMs, key }) {
      const { store } = await openUnreachable()
      await expectAllFail(store, key(), timeoutMs + 500)
    },
  },
  {
    id: 'errors/unreachable-quiet',
    promise,
    title: 'without a server nothing is printed either, and the process ends after close',
    needs: ['unreachable', 'module'],
    async run({ probe }) {
      const { printed, strays, failure, exited } = await probe('unreachable')
      expectEqual('a process without a server', failure, undefined)
      expectEqual('what it printed', printed, '')
      expectTrue('what it left behind', strays.length === 0, 'nothing', strays.join('; '))
      expectEqual('whether the process ended by itself', exited, true)
    },
  },
]
