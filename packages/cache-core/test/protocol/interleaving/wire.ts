import type { Listener, SubscriptionEvents, Unsubscribe } from '../../../src/store/store.js'

interface Ear {
  readonly listener: Listener
  readonly events: SubscriptionEvents
  /** Whether the server sends to it. */
  subscribed: boolean
  /** Whether its process believes that. */
  believed: boolean
  /** Messages on their way to it, in order, by their numbers. */
  readonly arriving: { readonly number: number; readonly message: Uint8Array }[]
}

/** Has something happen in a process at some later step. */
type Later = (process: string, label: string, run: () => void) => void

/**
 * The bus of a world: each subscriber gets the messages in order, each at a step of its own. Its connection may break,
 * which it learns later; then it is mended, from which moment on it is sent what is published, and learns that later, too.
 */
export class Wire {
  readonly #later: Later
  /** Whether a process reaches the server that messages go over. */
  readonly reaches: (process: string) => boolean
  readonly #ears = new Map<string, Ear>()
  /** Those whose connection is to be mended when they reach the server. */
  readonly #waiting = new Map<string, Ear>()
  #published = 0

  constructor(later: Later, reaches: (process: string) => boolean) {
    this.#later = later
    this.reaches = reaches
  }

  /** How many messages were published. */
  get published(): number {
    return this.#published
  }

  publish(message: Uint8Array): void {
    const number = ++this.#published
    for (const [process, ear] of this.#ears) {
      if (!ear.subscribed) continue
      ear.arriving.push({ number, message })
      this.#later(process, `message ${number}`, () => {
        const next = ear.arriving.shift()
        if (next !== undefined) ear.listener(next.message)
      })
    }
  }

  subscribe(process: string, listener: Listener, events: SubscriptionEvents = {}): Unsubscribe {
    this.#ears.set(process, { listener, events, subscribed: true, believed: true, arriving: [] })
    events.onUp?.()
    return async () => {
      this.#ears.delete(process)
    }
  }

  /** What is on its way is lost, and so is what is published until it is mended. */
  break(process: string): void {
    const ear = this.#ears.get(process)
    if (!ear?.subscribed || !ear.believed) return
    ear.subscribed = false
    ear.arriving.length = 0
    this.#later(process, 'bus is down', () => {
      ear.believed = false
      ear.events.onDown?.()
      this.#mend(process, ear)
    })
  }

  /** The server can be reached again, by some of them. */
  back(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [process, ear] of waiting) this.#mend(process, ear)
  }

  #mend(process: string, ear: Ear): void {
    if (!this.reaches(process)) {
      this.#waiting.set(process, ear)
      return
    }
    this.#later(process, 'bus is mended', () => {
      ear.subscribed = true
      this.#later(process, 'bus is up', () => {
        ear.believed = true
        ear.events.onUp?.()
      })
    })
  }

  /** Whether what others publish now comes to a process, and it knows that. */
  hears(process: string): boolean {
    const ear = this.#ears.get(process)
    return ear?.subscribed === true && ear.believed
  }

  /**
   * Whether a process has heard all up to this message, or knows that it does not hear: whatever it holds near, it holds
   * rightly.
   */
  hasHeard(process: string, number: number): boolean {
    const ear = this.#ears.get(process)
    if (ear === undefined) return true
    if (ear.believed && !ear.subscribed) return false
    return ear.arriving.every((message) => message.number > number)
  }
}
