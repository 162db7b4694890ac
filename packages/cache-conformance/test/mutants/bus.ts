import type { Listener, Unsubscribe } from '@tiercel/cache-core/store'
import { Engine } from '../support/engine.js'
import { LocalLink } from '../support/link.js'
import { type Mutant, mutant, ReferenceStore } from './mutant.js'

const inProcess = new LocalLink(new Engine())

export const bus: readonly Mutant[] = [
  mutant(
    'messages go through UTF-8',
    'bus/delivers',
    class extends ReferenceStore {
      override async publish(channel: string, message: Uint8Array) {
        await super.publish(channel, Buffer.from(Buffer.from(message).toString('utf8')))
      }
    },
  ),
  mutant(
    'a message is heard on every channel',
    'bus/channels',
    class extends ReferenceStore {
      override async publish(_channel: string, message: Uint8Array) {
        await super.publish('all', message)
      }
      override async subscribe(_channel: string, listener: Listener) {
        return super.subscribe('all', listener)
      }
    },
  ),
  mutant(
    'listeners leak: who unsubscribed still hears',
    'bus/unsubscribe',
    class extends ReferenceStore {
      override async subscribe(...args: Parameters<ReferenceStore['subscribe']>): Promise<Unsubscribe> {
        await super.subscribe(...args)
        return async () => undefined
      }
    },
  ),
  mutant(
    'who unsubscribes takes all others of the channel along',
    'bus/unsubscribe',
    class extends ReferenceStore {
      readonly #ends: Unsubscribe[] = []
      override async subscribe(...args: Parameters<ReferenceStore['subscribe']>): Promise<Unsubscribe> {
        this.#ends.push(await super.subscribe(...args))
        return async () => {
          for (const end of this.#ends.splice(0)) await end()
        }
      }
    },
  ),
  mutant(
    'unsubscribing leaves a subscription behind, which delivers to whoever listens now',
    'bus/resubscribe',
    class extends ReferenceStore {
      readonly #present = new Map<string, Set<Listener>>()
      override async subscribe(channel: string, listener: Listener): Promise<Unsubscribe> {
        const present = this.#present.get(channel) ?? new Set()
        this.#present.set(channel, present)
        present.add(listener)
        await super.subscribe(channel, (message) => {
          for (const one of present) one(message)
        })
        return async () => void present.delete(listener)
      }
    },
  ),
  mutant(
    'the bus ends at the process',
    'bus/processes',
    class extends ReferenceStore {
      readonly #inside = new ReferenceStore(inProcess, this.prefix)
      override publish(...args: Parameters<ReferenceStore['publish']>) {
        return this.#inside.publish(...args)
      }
      override subscribe(...args: Parameters<ReferenceStore['subscribe']>) {
        return this.#inside.subscribe(...args)
      }
    },
    'processes',
  ),
]
