import {
  type CapabilityName,
  type StoreCapabilities,
  StoreUnavailableError,
  UnsupportedError,
} from '@tiercel/cache-core/store'
import { Engine } from '../support/engine.js'
import { LocalLink } from '../support/link.js'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

/** A store that declares a capability missing, and then has it, or answers as if. */
function silent(name: CapabilityName): Mutant {
  return mutant(
    `${name} is declared missing, and its operations do not say so`,
    `capabilities/${name}`,
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, [name]: false }
      }
    },
  )
}

/** A store that declares a capability, and does not have its operations. */
function boastful(name: CapabilityName, operation: keyof ReferenceStore): Mutant {
  return {
    fault: `${name} is declared, and ${operation} is unsupported`,
    killedBy: `capabilities/${name}`,
    make(link, prefix, clock) {
      const store = new ReferenceStore(link, prefix, clock)
      return Object.defineProperty(store, operation, {
        value: async () => {
          throw new UnsupportedError(`no ${operation}`, { store: store.name, operation })
        },
      })
    },
  }
}

/** The memory of one process, for all its stores. */
const inProcess = new LocalLink(new Engine())

export const capabilities: readonly Mutant[] = [
  silent('add'),
  silent('compareAndSet'),
  silent('touch'),
  silent('increment'),
  silent('bus'),
  silent('purge'),
  boastful('add', 'add'),
  boastful('compareAndSet', 'compareAndSet'),
  boastful('touch', 'touch'),
  boastful('increment', 'increment'),
  boastful('bus', 'subscribe'),
  boastful('purge', 'purge'),
  mutant(
    'a capability is left out',
    'capabilities/declared',
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, shared: undefined as unknown as boolean }
      }
    },
  ),
  mutant(
    'a limit is not a number',
    'capabilities/declared',
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, ttlResolutionMs: '0' as unknown as number }
      }
    },
  ),
  {
    fault: 'shared is declared, and each store has a memory of its own',
    killedBy: 'capabilities/shared',
    make: (_link, prefix, clock) => new ReferenceStore(new LocalLink(new Engine()), prefix, clock),
  },
  {
    fault: 'shared is declared, and each process has a memory of its own',
    killedBy: 'capabilities/shared-processes',
    needs: 'processes',
    make: (_link, prefix, clock) => new ReferenceStore(inProcess, prefix, clock),
  },
  mutant(
    'a capability appears when it is used',
    'capabilities/never-grow',
    class extends ReferenceStore {
      #used = false
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, bus: this.#used }
      }
      override async ping() {
        await super.ping()
        this.#used = true
      }
      override async publish(...args: Parameters<ReferenceStore['publish']>) {
        if (this.#used) return super.publish(...args)
        throw new UnsupportedError('no bus yet', { store: this.name, operation: 'publish' })
      }
      override async subscribe(...args: Parameters<ReferenceStore['subscribe']>) {
        if (this.#used) return super.subscribe(...args)
        throw new UnsupportedError('no bus yet', { store: this.name, operation: 'subscribe' })
      }
    },
  ),
  mutant(
    'what is missing is called unavailable, as if it came back',
    'capabilities/purge',
    class extends ReferenceStore {
      override get capabilities(): StoreCapabilities {
        return { ...super.capabilities, purge: false }
      }
      override async purge() {
        throw new StoreUnavailableError('not now', { store: this.name, operation: 'purge' })
      }
    },
  ),
]
