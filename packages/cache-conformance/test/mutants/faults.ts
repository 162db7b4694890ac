import type {
  CompareAndSetOptions,
  Listener,
  SubscriptionEvents,
  Version,
  WriteOptions,
} from '@tiercel/cache-core/store'
import { StoreUnavailableError } from '@tiercel/cache-core/store'
import type { Command } from '../support/engine.js'
import { Engine } from '../support/engine.js'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Longer than this a healthy engine of the test takes for nothing. */
const SLOW_MS = 200
/** After an answer that came late, between two tries of a driver. */
const AGAIN_MS = 100
/** For five seconds: on a busy machine nobody knows how long after that answer a case deletes the key. */
const TRIES = 50

async function sendAgain(send: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    await pause(AGAIN_MS)
    await send().catch(() => undefined)
  }
}

/** Whether an operation took so long that its caller has gone. */
async function isSlow(operation: Promise<unknown>): Promise<boolean> {
  return Promise.race([operation.then(() => false), pause(SLOW_MS).then(() => true)])
}

export const faults: readonly Mutant[] = [
  mutant(
    'a read that takes long is a miss',
    'faults/frozen',
    class extends ReferenceStore {
      override async get(key: string) {
        return Promise.race([super.get(key), pause(SLOW_MS).then(() => undefined)])
      }
    },
    'faults',
  ),
  mutant(
    'operations wait in a queue until the server is back',
    'faults/killed',
    class extends ReferenceStore {
      protected override async call(command: Command): Promise<unknown> {
        for (;;) {
          try {
            return await super.call(command)
          } catch (error) {
            if (this.closed) throw error
            await pause(50)
          }
        }
      }
    },
    'faults',
  ),
  mutant(
    'a store that was slow once is given up',
    'faults/thaw',
    class extends ReferenceStore {
      #dead = false
      protected override async call(command: Command): Promise<unknown> {
        this.check(command.op)
        if (this.#dead) throw new StoreUnavailableError('given up', { store: this.name, operation: command.op })
        const answer = super.call(command)
        if (await isSlow(answer)) this.#dead = true
        return answer
      }
    },
    'faults',
  ),
  mutant(
    'a lost connection is never made again',
    'faults/restart',
    class extends ReferenceStore {
      #lost = false
      protected override async call(command: Command): Promise<unknown> {
        if (this.#lost) throw new StoreUnavailableError('lost', { store: this.name, operation: command.op })
        return super.call(command).catch((error) => {
          this.#lost = true
          throw error
        })
      }
    },
    'faults',
  ),
  mutant(
    'a set whose answer came late is sent again',
    'faults/late-write',
    class extends ReferenceStore {
      override async set(key: string, bytes: Uint8Array, options?: WriteOptions) {
        const answer = super.set(key, bytes, options)
        if (!(await isSlow(answer))) return answer
        await answer
        void sendAgain(() => super.set(key, bytes, options))
      }
    },
    'faults',
  ),
  mutant(
    'a compareAndSet whose answer came late is sent again as a set',
    'faults/late-compare-and-set',
    class extends ReferenceStore {
      override async compareAndSet(key: string, version: Version, bytes: Uint8Array, options?: CompareAndSetOptions) {
        const answer = super.compareAndSet(key, version, bytes, options)
        if (!(await isSlow(answer))) return answer
        await answer
        void sendAgain(() => super.set(key, bytes))
        return answer
      }
    },
    'faults',
  ),
  {
    fault: 'versions begin anew when the server restarts',
    killedBy: 'faults/versions-after-restart',
    needs: 'faults',
    makeEngine: () => new Engine('same'),
    make: (link, prefix, clock) => new ReferenceStore(link, prefix, clock),
  },
  mutant(
    'a subscription does not say that it broke',
    'faults/bus-after-restart',
    class extends ReferenceStore {
      override async subscribe(channel: string, listener: Listener) {
        return super.subscribe(channel, listener)
      }
    },
    'faults',
  ),
  mutant(
    'a subscription that broke stands again, and hears nothing',
    'faults/bus-after-restart',
    class extends ReferenceStore {
      override async subscribe(channel: string, listener: Listener, events: SubscriptionEvents = {}) {
        let broken = false
        const onDown = (): void => {
          broken = true
          events.onDown?.()
        }
        return super.subscribe(channel, (message) => broken || listener(message), { ...events, onDown })
      }
    },
    'faults',
  ),
  mutant(
    'close leaves operations of a frozen server under way',
    'faults/closed-while-frozen',
    class extends ReferenceStore {
      override async close() {
        this.closed = true
        const { link } = this
        setTimeout(() => void link.close(), 5_000).unref()
      }
    },
    'faults',
  ),
]
