import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { command, set } from './redis-faults.js'
import type { Fault, Stage } from './scenario.js'

const repeating = new WeakMap<object, { stop(): Promise<void> }>()

/** A fault that happens again and again. */
function again(name: string, everyMs: number, act: (stage: Stage) => Promise<unknown>): Fault {
  return {
    name,
    begin(stage) {
      let stopped = false
      const running = (async () => {
        while (!stopped) {
          await act(stage).catch(() => {})
          await delay(everyMs)
        }
      })()
      repeating.set(stage.rig, {
        async stop() {
          stopped = true
          await running
        },
      })
    },
    end: ({ rig }) => repeating.get(rig)?.stop(),
  }
}

export const clientsKilled = again('clients killed every 100 ms', 100, (stage) =>
  Promise.all(['normal', 'pubsub'].map((type) => command(stage, 'CLIENT', 'KILL', 'TYPE', type))),
)

export const scriptsFlushed = again('scripts flushed every 5 ms', 5, (stage) => command(stage, 'SCRIPT', 'FLUSH'))

export const restartedEmpty = again('flushed every 200 ms', 200, (stage) => command(stage, 'FLUSHALL'))

/** The disk is full, for example: every write is refused (MISCONF). */
export const snapshotFailed: Fault = {
  name: 'a snapshot failed',
  answersSoon: true,
  async begin(stage) {
    await set(stage, 'dir', '/proc')
    await set(stage, 'save', '1000 1')
    while (!String(await command(stage, 'INFO', 'persistence')).includes('rdb_last_bgsave_status:err')) {
      await command(stage, 'BGSAVE').catch(() => {})
      await delay(20)
    }
  },
  end: async (stage) => void (await set(stage, 'save', '')),
}

/** How many other values the server holds: a kilobyte each, which takes a millisecond to load. */
const OTHERS = 20_000

/** As after a restart: it accepts connections, and answers that it is loading until its snapshot is in memory. */
export const loadingSnapshot: Fault = {
  name: 'loading its snapshot',
  answersSoon: true,
  async begin(stage) {
    await command(stage, 'DEBUG', 'POPULATE', String(OTHERS), 'other', '1000')
    await set(stage, 'key-load-delay', '1000', 'loading-process-events-interval-bytes', '1024')
    void command(stage, 'DEBUG', 'RELOAD').catch(() => {})
    while (!(await isLoading(stage))) await delay(5)
  },
  async end(stage) {
    await set(stage, 'key-load-delay', '0')
    while (await isLoading(stage)) await delay(5)
  },
}

async function isLoading(stage: Stage): Promise<boolean> {
  return String(await command(stage, 'INFO', 'persistence')).includes('\nloading:1')
}

const operators = new WeakMap<object, Redis>()

/** All connections but the operator's are lost, and new ones are refused. */
function locked(name: string, lock: readonly string[], unlock: readonly string[]): Fault {
  return {
    name,
    answersNothing: true,
    async begin({ rig, machine }) {
      const operator = new Redis(machine.server.url, { lazyConnect: true })
      operators.set(rig, operator)
      await operator.connect()
      await operator.call('CONFIG', 'SET', ...lock)
      for (const type of ['normal', 'pubsub']) await operator.call('CLIENT', 'KILL', 'TYPE', type)
    },
    async end({ rig }) {
      const operator = operators.get(rig)
      await operator?.call('CONFIG', 'SET', ...unlock)
      operator?.disconnect()
    },
  }
}

export const tooManyClients = locked('too many clients', ['maxclients', '1'], ['maxclients', '10000'])
export const passwordChanged = locked('password changed', ['requirepass', 'another'], ['requirepass', ''])
