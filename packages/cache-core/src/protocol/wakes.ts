import { createHash } from 'node:crypto'
import { TOKEN_BYTES } from '../entry/frame.js'

/** Most loads remembered that other processes wait for. The oldest is forgotten first, and then only polled for. */
const MAX_WANTED = 10_000
/** Loads in one message. */
export const MAX_TOPICS = 1_000

/**
 * `'wanted'`: somebody waits for these loads, and wants to be told when they are over. `'ended'`: they are. A load is named
 * by the token of its lease, or by its slot where it replaces a stale value, since then the token is not in the slot.
 */
export type WakeKind = 'wanted' | 'ended'

/** The bus that carries the messages. */
export interface WakeBus {
  /** Whether messages are heard at present. */
  readonly linked: boolean
  /** Tells all other processes. Messages may be lost. */
  wake(kind: WakeKind, topics: readonly string[]): void
}

/** The name of the load that replaces the stale value of a slot. */
export function refreshTopic(slot: string): string {
  return createHash('sha256').update(slot).digest().toString('latin1', 0, TOKEN_BYTES)
}

/**
 * Wakes processes that wait for a load of another one when it is over. A waiting process says so, once, since all hear it;
 * loads that nobody waits for send nothing. This is for speed only: a process that is not woken polls.
 */
export class Wakes {
  readonly #bus: WakeBus | undefined
  readonly #wanted = new Set<string>()
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #outgoing: Readonly<Record<WakeKind, Set<string>>> = { wanted: new Set(), ended: new Set() }

  constructor(bus: WakeBus | undefined) {
    this.#bus = bus
  }

  /**
   * Calls `wake` when the load is reported to be over, until the returned function is called. `undefined` without a bus.
   */
  listen(topic: string, wake: () => void): (() => void) | undefined {
    if (this.#bus?.linked !== true) return undefined
    const waiting = this.#waiting.get(topic) ?? new Set()
    this.#waiting.set(topic, waiting)
    waiting.add(wake)
    if (!this.#wanted.has(topic)) {
      this.#want(topic)
      this.#send('wanted', topic)
    }
    return () => {
      waiting.delete(wake)
      if (waiting.size === 0 && this.#waiting.get(topic) === waiting) this.#waiting.delete(topic)
    }
  }

  /** A load of this process is over. @param topic Made only where somebody waits for anything. */
  ended(topic: () => string | undefined): void {
    if (this.#wanted.size === 0) return
    const name = topic()
    if (name !== undefined && this.#wanted.delete(name)) this.#send('ended', name)
  }

  /** A message of another process came. */
  hear(kind: WakeKind, topics: readonly string[]): void {
    for (const topic of topics) {
      if (kind === 'wanted') this.#want(topic)
      else {
        this.#wanted.delete(topic)
        for (const wake of [...(this.#waiting.get(topic) ?? [])]) wake()
      }
    }
  }

  #want(topic: string): void {
    this.#wanted.add(topic)
    if (this.#wanted.size <= MAX_WANTED) return
    const [oldest] = this.#wanted
    if (oldest !== undefined) this.#wanted.delete(oldest)
  }

  /** Sends it together with all others of this turn of the event loop. */
  #send(kind: WakeKind, topic: string): void {
    const outgoing = this.#outgoing[kind]
    if (outgoing.size === 0) process.nextTick(() => this.#flush(kind))
    outgoing.add(topic)
  }

  #flush(kind: WakeKind): void {
    const topics = [...this.#outgoing[kind]]
    this.#outgoing[kind].clear()
    for (let from = 0; from < topics.length; from += MAX_TOPICS)
      this.#bus?.wake(kind, topics.slice(from, from + MAX_TOPICS))
  }
}
