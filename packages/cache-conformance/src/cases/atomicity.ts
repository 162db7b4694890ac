import type { Store, Version } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { CaseContext, ConformanceCase } from '../case.js'
import { ConformanceError, expectEqual, expectMiss, expectTrue } from '../expect.js'
import type { CrewAnswer } from '../processes/crew-task.js'
import { versionOf } from './write-paths.js'

const promise = 4
/** Simultaneous callers for one key, in one process. */
const CALLERS = 40
/** Races in one case: enough to find an engine that loses one in fifty. */
const KEYS = 25
/** Keys for which processes race. */
const PROCESS_KEYS = 200

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The store of the case and, if data is shared, a second client of the same server. */
async function clientsOf({ store, capabilities, open }: CaseContext): Promise<readonly Store[]> {
  return capabilities.shared ? [store, (await open()).store] : [store]
}

/** Lets all callers act at once, spread over the clients, and returns those that won. */
async function winners<T>(
  clients: readonly Store[],
  act: (store: Store, caller: number) => Promise<T | undefined | false>,
) {
  const answers = await Promise.all(
    Array.from({ length: CALLERS }, (_, caller) => act(clients[caller % clients.length] as Store, caller)),
  )
  return answers.flatMap((answer, caller) => (answer === undefined || answer === false ? [] : [caller]))
}

function expectOneWinner(what: string, won: readonly number[]): number {
  const [winner] = won
  if (won.length !== 1 || winner === undefined) {
    throw new ConformanceError(`${what} by ${CALLERS} callers at once`, '1 winner', `${won.length} winners`)
  }
  return winner
}

async function expectStands(what: string, store: Store, key: string, caller: number): Promise<void> {
  const entry = await store.get(key)
  const seen = entry === undefined ? 'a miss' : Buffer.from(entry.bytes).toString()
  expectEqual(`the value after ${what}, which is the winner's`, seen, String(caller))
}

/** Expects that exactly one of the racing processes won each key, and returns the index of each winner. */
function expectOneProcess(what: string, answers: readonly CrewAnswer[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => {
    const won = answers.flatMap((answer, worker) => (answer[index] === true ? [worker] : []))
    expectTrue(
      `${what} on one key by ${answers.length} processes at once`,
      won.length === 1,
      '1 winner',
      `${won.length} winners`,
    )
    return won[0] as number
  })
}

async function expectProcessStands(what: string, store: Store, keys: readonly string[], winners: readonly number[]) {
  const entries = await store.getMany(keys)
  for (const [index, winner] of winners.entries()) {
    const seen = entries[index]?.bytes
    const text = seen === undefined ? 'a miss' : Buffer.from(seen).toString()
    expectEqual(`the value after ${what} among processes, which is the winner's`, text, `worker ${winner}`)
  }
}

export const atomicity: readonly ConformanceCase[] = [
  {
    id: 'atomicity/add',
    promise,
    title: 'of many add at once on one key, one wins and its value stands',
    needs: ['add'],
    async run(context) {
      const clients = await clientsOf(context)
      for (let round = 0; round < KEYS; round++) {
        const key = context.key()
        const won = await winners(clients, (store, caller) => store.add(key, utf8(String(caller))))
        await expectStands('add', context.store, key, expectOneWinner('add', won))
      }
    },
  },
  {
    id: 'atomicity/compare-and-set',
    promise,
    title: 'of many compareAndSet at once over one version, one wins and its value stands',
    needs: ['compareAndSet'],
    async run(context) {
      // A version belongs to the store that read it, so each client reads its own.
      const clients = await clientsOf(context)
      for (let round = 0; round < KEYS; round++) {
        const key = context.key()
        await context.store.set(key, utf8('before'))
        const versions = new Map<Store, Version>()
        for (const client of clients) versions.set(client, await versionOf(client, key))
        const won = await winners(clients, (store, caller) =>
          store.compareAndSet(key, versions.get(store) as Version, utf8(String(caller))),
        )
        await expectStands('compareAndSet', context.store, key, expectOneWinner('compareAndSet', won))
      }
    },
  },
  {
    id: 'atomicity/compare-and-delete',
    promise,
    title: 'of many compareAndDelete at once of one version, one wins',
    needs: ['compareAndSet'],
    async run(context) {
      const clients = await clientsOf(context)
      for (let round = 0; round < KEYS; round++) {
        const key = context.key()
        await context.store.set(key, utf8('before'))
        const versions = new Map<Store, Version>()
        for (const client of clients) versions.set(client, await versionOf(client, key))
        const won = await winners(clients, (store) => store.compareAndDelete(key, versions.get(store) as Version))
        expectOneWinner('compareAndDelete', won)
        expectMiss('get after compareAndDelete', await context.store.get(key))
      }
    },
  },
  {
    id: 'atomicity/delete-wins',
    promise,
    title: 'a delete beside a compareAndSet over the value it removes leaves nothing, whichever comes first',
    needs: ['compareAndSet'],
    async run(context) {
      const clients = await clientsOf(context)
      const [writer, deleter] = [clients[0] as Store, clients[clients.length - 1] as Store]
      for (let round = 0; round < KEYS; round++) {
        const key = context.key()
        await writer.set(key, utf8('before'))
        const version = await versionOf(writer, key)
        // Each delete begins a little later, to fall between the steps of a compareAndSet that has several.
        const remove = async (): Promise<void> => {
          for (let turns = round % 8; turns > 0; turns--) await turn()
          await deleter.delete(key)
        }
        await Promise.all([writer.compareAndSet(key, version, utf8('after')), remove()])
        expectMiss('get after delete and compareAndSet at once', await context.store.get(key))
      }
    },
  },
  {
    id: 'atomicity/increment',
    promise,
    title: 'many increments at once are all counted, and each gets a value of its own',
    needs: ['increment'],
    async run(context) {
      const clients = await clientsOf(context)
      const counter = context.key()
      const times = CALLERS * 5
      const values = await Promise.all(
        Array.from({ length: times }, (_, caller) => (clients[caller % clients.length] as Store).increment(counter, 1)),
      )
      expectEqual(`different values of ${times} increments`, new Set(values).size, times)
      expectEqual(`the counter after ${times} increments`, await context.store.increment(counter, 0), times)
    },
  },
  {
    id: 'atomicity/processes-add',
    promise,
    title: 'of several processes that add one key at once, one wins and its value stands',
    needs: ['add', 'shared', 'module'],
    async run({ store, key, crew }) {
      const keys = Array.from({ length: PROCESS_KEYS }, () => key())
      const answers = await (await crew()).race({ kind: 'add', keys })
      await expectProcessStands('add', store, keys, expectOneProcess('add', answers, keys.length))
    },
  },
  {
    id: 'atomicity/processes-compare-and-set',
    promise,
    title: 'of several processes that compareAndSet one version at once, one wins and its value stands',
    needs: ['compareAndSet', 'shared', 'module'],
    async run({ store, key, crew }) {
      const keys = Array.from({ length: PROCESS_KEYS }, () => key())
      await store.setMany(keys.map((one) => ({ key: one, bytes: utf8('before') })))
      const answers = await (await crew()).race({ kind: 'compareAndSet', keys })
      await expectProcessStands('compareAndSet', store, keys, expectOneProcess('compareAndSet', answers, keys.length))
    },
  },
  {
    id: 'atomicity/processes-compare-and-delete',
    promise,
    title: 'of several processes that compareAndDelete one version at once, one wins',
    needs: ['compareAndSet', 'shared', 'module'],
    async run({ store, key, crew }) {
      const keys = Array.from({ length: PROCESS_KEYS }, () => key())
      await store.setMany(keys.map((one) => ({ key: one, bytes: utf8('before') })))
      const answers = await (await crew()).race({ kind: 'compareAndDelete', keys })
      expectOneProcess('compareAndDelete', answers, keys.length)
      for (const entry of await store.getMany(keys)) expectMiss('get after compareAndDelete', entry)
    },
  },
  {
    id: 'atomicity/processes-increment',
    promise,
    title: 'increments of several processes at once are all counted, and each gets a value of its own',
    needs: ['increment', 'shared', 'module'],
    async run({ store, key, crew }) {
      const counter = key()
      const answers = await (await crew()).race({ kind: 'increment', key: counter, times: PROCESS_KEYS })
      const values = answers.flat()
      expectEqual('different values of all increments', new Set(values).size, values.length)
      expectEqual('the counter afterwards', await store.increment(counter, 0), values.length)
    },
  },
]
