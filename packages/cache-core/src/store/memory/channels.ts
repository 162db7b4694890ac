import type { Listener, SubscriptionEvents, Unsubscribe } from '../store.js'

/** Messages between the caches of this process that share a store. */
export class Channels {
  readonly #channels = new Map<string, Set<Listener>>()

  /** Each subscriber gets a copy of its own, asynchronously. */
  publish(channel: string, message: Uint8Array): void {
    for (const listener of this.#channels.get(channel) ?? []) {
      const bytes = Uint8Array.from(message)
      queueMicrotask(() => {
        if (this.#channels.get(channel)?.has(listener)) listener(bytes)
      })
    }
  }

  subscribe(channel: string, listener: Listener, events?: SubscriptionEvents): Unsubscribe {
    // A function of its own, so that one listener may subscribe twice.
    const own: Listener = (message) => listener(message)
    this.#channels.set(channel, (this.#channels.get(channel) ?? new Set()).add(own))
    events?.onUp?.()
    return async () => {
      const listeners = this.#channels.get(channel)
      listeners?.delete(own)
      if (listeners?.size === 0) this.#channels.delete(channel)
    }
  }

  clear(): void {
    this.#channels.clear()
  }
}
