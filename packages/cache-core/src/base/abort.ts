/** The callbacks of one signal. */
class Listeners {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<() => void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#onAbort)
    this.#callbacks.add(callback)
  }

  delete(callback: () => void): void {
    this.#callbacks.delete(callback)
    if (this.#callbacks.size === 0) this.#signal.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => {
    for (const callback of [...this.#callbacks]) callback()
  }
}

const listeners = new WeakMap<AbortSignal, Listeners>()

/**
 * Calls back when the signal is aborted, with one listener per signal however many callbacks there are: Node warns of a
 * leak from the eleventh listener on. Returns a function that removes the callback.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const own = listeners.get(signal) ?? new Listeners(signal)
  listeners.set(signal, own)
  own.add(callback)
  return () => own.delete(callback)
}
