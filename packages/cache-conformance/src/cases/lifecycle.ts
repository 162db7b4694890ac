import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { ConformanceError, codeOf, describe, expectBytes, expectEqual, expectTrue, expectWithin } from '../expect.js'
import { everyOperation } from './errors.js'

const promise = 9
const VALUE = utf8('value')

export const lifecycle: readonly ConformanceCase[] = [
  {
    id: 'lifecycle/create-is-idle',
    promise,
    title: 'creating a store opens no connection and prints nothing: the first operation connects',
    needs: ['module'],
    async run({ probe }) {
      const { earlyConnections, printed, failure } = await probe('create-and-close')
      expectEqual('a process that creates and closes a store', failure, undefined)
      expectEqual('connections before the first operation', earlyConnections, 0)
      expectEqual('what it printed', printed, '')
    },
  },
  {
    id: 'lifecycle/create-unreachable',
    promise,
    title: 'creating a store for a server that is not there does not fail',
    needs: ['unreachable'],
    async run({ openUnreachable, timeoutMs }) {
      const { raw } = await openUnreachable()
      await expectWithin('close of a store that never connected', timeoutMs, () => raw.close())
    },
  },
  {
    id: 'lifecycle/close-unused',
    promise,
    title: 'a store that was never used closes',
    async run({ open, timeoutMs }) {
      const { raw } = await open()
      await expectWithin('close', timeoutMs, () => raw.close())
    },
  },
  {
    id: 'lifecycle/close-used',
    promise,
    title: 'a store that was used closes, and closing it again is no error',
    async run({ open, key, timeoutMs }) {
      const { raw } = await open()
      await raw.set(key(), VALUE)
      await expectWithin('close', timeoutMs, () => raw.close())
      await expectWithin('a second close', timeoutMs, () => raw.close())
    },
  },
  {
    id: 'lifecycle/use-after-close',
    promise,
    title: 'after close every operation is a StoreClosedError',
    async run({ open, key, timeoutMs }) {
      const { raw } = await open()
      await raw.set(key(), VALUE)
      await raw.close()
      for (const [operation, call] of Object.entries(everyOperation(raw, key()))) {
        const seen = await expectWithin(`${operation} after close`, timeoutMs, () =>
          (async () => call())().then(
            (answer) => ({ answer }),
            (error: unknown) => error,
          ),
        )
        if (codeOf(seen) !== 'ERR_STORE_CLOSED') {
          const text = seen instanceof Error ? describe(seen) : 'no error'
          throw new ConformanceError(`${operation} after close`, 'an error with code ERR_STORE_CLOSED', text)
        }
      }
    },
  },
  {
    id: 'lifecycle/pending-settle',
    promise,
    title: 'operations under way at close settle',
    async run({ open, key, timeoutMs }) {
      const { raw } = await open()
      const written = key()
      await raw.set(written, VALUE)
      const pending = Array.from({ length: 50 }, () => raw.get(written))
      const settled = Promise.allSettled(pending)
      await expectWithin('close with operations under way', timeoutMs, () => raw.close())
      await expectWithin('50 gets that were under way at close', timeoutMs, () => settled)
    },
  },
  {
    id: 'lifecycle/others-stay-open',
    promise,
    title: 'closing one store leaves another with the same prefix open',
    async run({ open, store, key, timeoutMs }) {
      const written = key()
      const { raw } = await open()
      await raw.ping()
      await expectWithin('close', timeoutMs, () => raw.close())
      await store.set(written, VALUE)
      expectBytes('get by the store that is open', await store.get(written), VALUE)
    },
  },
  {
    id: 'lifecycle/process-ends',
    promise,
    title: 'after close the process ends by itself',
    needs: ['module'],
    async run({ probe }) {
      const { exited, exitCode, failure } = await probe('use')
      expectEqual('a process that uses every operation', failure, undefined)
      expectTrue('a process whose store is closed', exited, 'an end by itself', 'none: it was killed')
      expectEqual('its exit code', exitCode, 0)
    },
  },
]
