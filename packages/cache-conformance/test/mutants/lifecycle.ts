import { connect } from 'node:net'
import type { StoreEntry } from '@tiercel/cache-core/store'
import { StoreUnavailableError } from '@tiercel/cache-core/store'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const never = new Promise<never>(() => undefined)
/** How often a store of a prefix was closed, in this process. */
const closings = new Map<string, number>()

export const lifecycle: readonly Mutant[] = [
  mutant(
    'closing a store that was never used hangs',
    'lifecycle/close-unused',
    class extends ReferenceStore {
      #used = false
      protected override check(operation: string) {
        super.check(operation)
        this.#used = true
      }
      override async close() {
        await super.close()
        if (!this.#used) await never
      }
    },
  ),
  mutant(
    'a second close hangs',
    'lifecycle/close-used',
    class extends ReferenceStore {
      override async close() {
        if (this.closed) await never
        await super.close()
      }
    },
  ),
  mutant(
    'a closed store goes on',
    'lifecycle/use-after-close',
    class extends ReferenceStore {
      override async close() {}
    },
  ),
  mutant(
    'operations under way at close never settle',
    'lifecycle/pending-settle',
    class extends ReferenceStore {
      override async get(key: string): Promise<StoreEntry | undefined> {
        const entry = await super.get(key)
        return this.closed ? never : entry
      }
    },
  ),
  mutant(
    'closing one store breaks the connection of another',
    'lifecycle/others-stay-open',
    class extends ReferenceStore {
      #seen = closings.get(this.prefix) ?? 0
      override async close() {
        closings.set(this.prefix, (closings.get(this.prefix) ?? 0) + 1)
        await super.close()
      }
      override async set(...args: Parameters<ReferenceStore['set']>) {
        const closed = closings.get(this.prefix) ?? 0
        if (this.#seen !== closed) {
          this.#seen = closed
          throw new StoreUnavailableError('reset', { store: this.name, operation: 'set' })
        }
        await super.set(...args)
      }
    },
  ),
  mutant(
    'creating a store connects',
    'lifecycle/create-is-idle',
    class extends ReferenceStore {
      constructor(...args: ConstructorParameters<typeof ReferenceStore>) {
        super(...args)
        connect(1, '127.0.0.1').on('error', () => undefined)
      }
    },
    'processes',
  ),
  {
    fault: 'creating a store waits for the server, and fails with it',
    killedBy: 'lifecycle/create-unreachable',
    needs: 'faults',
    async make(link, prefix) {
      const store = new ReferenceStore(link, prefix)
      await store.ping()
      return store
    },
  },
  mutant(
    'a timer of a closed store keeps the process alive',
    'lifecycle/process-ends',
    class extends ReferenceStore {
      constructor(...args: ConstructorParameters<typeof ReferenceStore>) {
        super(...args)
        this.#heartbeat()
      }
      #heartbeat() {
        setTimeout(() => this.#heartbeat(), 100)
      }
    },
    'processes',
  ),
]
