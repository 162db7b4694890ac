import type { Command, Engine } from './engine.js'

export interface LinkEvents {
  onMessage(channel: string, message: string): void
  onUp(): void
  onDown(): void
}

/** How a reference store reaches its engine. */
export interface Link {
  /** The engine's answer. Rejects with a store error if there is none. */
  call(command: Command, now?: number): Promise<unknown>
  /** Messages arrive from now on, also after every reconnection. Resolves with a function that ends this. */
  listen(events: LinkEvents): Promise<() => void>
  close(): Promise<void>
}

/** The engine in the same process. */
export class LocalLink implements Link {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async call(command: Command, now?: number): Promise<unknown> {
    return this.#engine.execute(command, now)
  }

  async listen({ onMessage, onUp }: LinkEvents): Promise<() => void> {
    this.#engine.listeners.add(onMessage)
    onUp()
    return () => this.#engine.listeners.delete(onMessage)
  }

  async close(): Promise<void> {}
}
