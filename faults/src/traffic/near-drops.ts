import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { DiagnosticEvents } from '@tiercel/cache-core'

/** How often near caches of this process were emptied: on a busy machine messages are late enough for that. */
export class NearDrops {
  count = 0

  constructor() {
    subscribe('tiercel:near-drop', this.#hear)
  }

  stop(): void {
    unsubscribe('tiercel:near-drop', this.#hear)
  }

  readonly #hear = (message: unknown): void => {
    const { reason } = message as DiagnosticEvents['near-drop']
    // A cache that is off is still served while the store does not answer.
    if (reason !== 'bus-lost' && reason !== 'closed') this.count++
  }
}
