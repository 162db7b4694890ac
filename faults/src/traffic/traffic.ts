import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Request } from './client.js'

export interface TrafficTerms {
  readonly keys: readonly string[]
  /** Those keys that are changed. */
  readonly changed: readonly string[]
  /** Callers of each client, which ask one request after another. */
  readonly callers: number
  /** Between two requests of a caller, in milliseconds. */
  readonly pauseMs: number
  /** Between two changes, in milliseconds. */
  readonly changeEveryMs: number
}

/** Clients that ask without end, while one after another changes what they ask for. */
export class Traffic {
  readonly requests: Request[] = []
  /** Errors of changes: none may fail. */
  readonly errors: string[] = []
  readonly #clients: readonly Client[]
  readonly #terms: TrafficTerms
  readonly #running: readonly Promise<void>[]
  #stopped = false

  constructor(clients: readonly Client[], terms: TrafficTerms) {
    this.#clients = clients
    this.#terms = terms
    const callers = clients.flatMap((client) => Array.from({ length: terms.callers }, () => this.#ask(client)))
    this.#running = [...callers, this.#change()]
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }

  async #ask(client: Client): Promise<void> {
    while (!this.#stopped) {
      this.requests.push(await client.ask(anyOf(this.#terms.keys)))
      await delay(this.#terms.pauseMs)
    }
  }

  async #change(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const client = this.#clients[turn % this.#clients.length] as Client
      await client.change(anyOf(this.#terms.changed)).catch((error: unknown) => this.errors.push(String(error)))
      await delay(this.#terms.changeEveryMs)
    }
  }
}

function anyOf(keys: readonly string[]): string {
  return keys[Math.floor(Math.random() * keys.length)] as string
}
