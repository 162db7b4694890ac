import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const never = new Promise<never>(() => undefined)

export const errors: readonly Mutant[] = [
  mutant(
    'ping never settles',
    'errors/operations-end',
    class extends ReferenceStore {
      override ping() {
        return never
      }
    },
  ),
  mutant(
    'touch never settles',
    'errors/operations-end',
    class extends ReferenceStore {
      override touch() {
        return never
      }
    },
  ),
  mutant(
    'it prints',
    'errors/quiet',
    class extends ReferenceStore {
      override async ping() {
        await super.ping()
        console.log('connected')
      }
    },
    'processes',
  ),
  mutant(
    'it leaves a rejection unhandled',
    'errors/quiet',
    class extends ReferenceStore {
      override async ping() {
        await super.ping()
        void Promise.reject(new Error('nobody waits for this'))
      }
    },
    'processes',
  ),
  mutant(
    'every operation leaves a listener behind',
    'errors/quiet',
    class extends ReferenceStore {
      protected override check(operation: string) {
        super.check(operation)
        process.on('SIGUSR2', () => undefined)
      }
    },
    'processes',
  ),
  mutant(
    'without a server a read is a miss',
    'errors/unreachable',
    class extends ReferenceStore {
      override async get(key: string) {
        return super.get(key).catch(() => undefined)
      }
    },
    'faults',
  ),
  mutant(
    'it prints when there is no server',
    'errors/unreachable-quiet',
    class extends ReferenceStore {
      override async ping() {
        await super.ping().catch((error: Error) => {
          console.error(error.message)
          throw error
        })
      }
    },
    'processes',
  ),
]
