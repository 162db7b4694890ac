import { randomBytes } from 'node:crypto'
import type { CancelTimer, Clock } from '../base/clock.js'
import { StoreClosedError } from '../base/errors.js'
import type { Store, Unsubscribe } from '../store/store.js'
import {
  type BusMessage,
  decodeMessage,
  encodeMessage,
  MAX_CHANGES,
  MAX_MESSAGE_CHARACTERS,
  SENDER_BYTES,
} from './bus-message.js'
import { Senders } from './senders.js'
import { BUS_CHANNEL } from './slot.js'
import type { Stats } from './stats.js'
import type { WakeBus, WakeKind } from './wakes.js'

/** How often each process sends a message at least, in milliseconds. */
const HEARTBEAT_MS = 1_000
/** So many own heartbeats must fail to come back before the connection counts as lost: the first may just be late. */
const MISSED_HEARTBEATS = 2
/** The first and the longest pause before a failed subscription is tried again. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 2_000

interface Parts {
  /** Behind its guard. */
  readonly store: Pick<Store, 'publish' | 'subscribe' | 'close'>
  readonly clock: Clock
  readonly stats: Stats
}

/** What the bus reports of other processes. */
export interface BusEvents {
  /** The slot of a value or a mark was changed by another process. */
  readonly onChange: (slot: string) => void
  /** A message was lost: any slot may have changed. */
  readonly onLost: () => void
  /** Whether messages are heard from now on. */
  readonly onLink: (linked: boolean) => void
  /** Another process has sent something about loads. */
  readonly onLoads: (kind: WakeKind, topics: readonly string[]) => void
}

interface Batch {
  readonly slots: Set<string>
  /** Of all slots. */
  characters: number
  readonly sent: Promise<void>
}

/**
 * How processes hear of each other's changes: by messages through a store (docs/leases.md, "Near cache and bus"). Messages
 * may be lost, so each sender numbers its own and sends a heartbeat with its last number once a second. A listener that
 * misses one must assume that anything has changed. A process that does not hear its own heartbeats is not connected,
 * whatever the driver says.
 */
export class Bus implements WakeBus {
  readonly #parts: Parts
  readonly #events: BusEvents
  readonly #id = randomBytes(SENDER_BYTES).toString('latin1')
  readonly #senders = new Senders()
  #number = 0
  #batch: Batch | undefined
  #linked = false
  #opened = false
  #closed = false
  #unheardBeats = 0
  #retryMs = FIRST_RETRY_MS
  #cancelBeat: CancelTimer | undefined
  #cancelRetry: CancelTimer | undefined
  #unsubscribe: Unsubscribe | undefined

  constructor(parts: Parts, events: BusEvents) {
    this.#parts = parts
    this.#events = events
  }

  /** Subscribes, and keeps trying. Idempotent, so that the first use of a cache may open it. */
  open(): void {
    if (this.#opened || this.#closed) return
    this.#opened = true
    void this.#subscribe()
    this.#scheduleBeat()
  }

  /**
   * Tells all other processes that the slot has changed, in one message with all other changes of this turn of the event
   * loop. Resolves when it was sent, or could not be: then the next heartbeat shows that one is missing.
   */
  tell(slot: string): Promise<void> {
    this.open()
    let batch = this.#batch
    if (batch === undefined || batch.slots.size >= MAX_CHANGES || batch.characters >= MAX_MESSAGE_CHARACTERS) {
      const slots = new Set<string>()
      const sent = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => this.#send(slots))
      batch = { slots, characters: 0, sent }
      this.#batch = batch
    }
    batch.slots.add(slot)
    batch.characters += slot.length
    return batch.sent
  }

  get linked(): boolean {
    return this.#linked
  }

  /** Tells all other processes something about loads. */
  wake(kind: WakeKind, topics: readonly string[]): void {
    if (!this.#closed) void this.#publish(undefined, { kind, topics })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelBeat?.()
    this.#cancelRetry?.()
    // Not awaited: closing the store ends the connection to a server that does not answer.
    void this.#unsubscribe?.().catch(() => {})
    await this.#parts.store.close()
  }

  #send(slots: Set<string>): Promise<void> {
    if (this.#batch?.slots === slots) this.#batch = undefined
    this.#number++
    return this.#publish([...slots])
  }

  async #publish(slots: readonly string[] | undefined, loads?: BusMessage['loads']): Promise<void> {
    const message = encodeMessage({ sender: this.#id, number: this.#number, slots, loads })
    try {
      await this.#parts.store.publish(BUS_CHANNEL, message)
    } catch {
      // Its number is used up: whoever listens notices that it is missing.
    }
  }

  async #subscribe(): Promise<void> {
    // A subscription that was given up may still call back.
    let wanted = true
    const link = (linked: boolean) => (): void => {
      if (wanted) this.#link(linked)
    }
    try {
      this.#unsubscribe = await this.#parts.store.subscribe(BUS_CHANNEL, (message) => this.#hear(message), {
        onUp: link(true),
        onDown: link(false),
      })
      if (this.#closed) await this.#unsubscribe().catch(() => {})
      else if (!this.#linked) this.#link(true)
    } catch (error) {
      wanted = false
      if (this.#linked) this.#link(false)
      if (!(error instanceof StoreClosedError)) this.#subscribeLater()
    }
  }

  #subscribeLater(): void {
    if (this.#closed) return
    this.#cancelRetry = this.#parts.clock.after(this.#retryMs, () => void this.#subscribe())
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
  }

  #link(linked: boolean): void {
    // A loss is reported once: whatever was kept since then is this process's own.
    if (this.#closed || (!linked && !this.#linked)) return
    this.#linked = linked
    this.#unheardBeats = 0
    this.#events.onLink(linked)
  }

  #hear(bytes: Uint8Array): void {
    const message = decodeMessage(bytes)
    if (message === undefined || this.#closed) return
    const { sender, number, slots, loads } = message
    if (sender === this.#id) {
      this.#hearOwn()
      return
    }
    this.#parts.stats.heard()
    const now = this.#parts.clock.monotonic()
    const complete =
      slots === undefined ? this.#senders.beat(sender, number, now) : this.#senders.changed(sender, number, now)
    if (!complete) this.#events.onLost()
    for (const slot of slots ?? []) this.#events.onChange(slot)
    if (loads !== undefined) this.#events.onLoads(loads.kind, loads.topics)
  }

  /** The connection works both ways. If it was silent before, messages of others may be lost. */
  #hearOwn(): void {
    this.#unheardBeats = 0
    if (!this.#linked && this.#unsubscribe !== undefined) this.#link(true)
  }

  #scheduleBeat(): void {
    const { clock } = this.#parts
    const dueAt = clock.monotonic() + HEARTBEAT_MS
    this.#cancelBeat = clock.after(HEARTBEAT_MS, () => {
      // A process that was suspended for as long does not know what became of its connection meanwhile.
      const wasSuspended = clock.monotonic() - dueAt > MISSED_HEARTBEATS * HEARTBEAT_MS
      if (this.#linked && (wasSuspended || this.#unheardBeats >= MISSED_HEARTBEATS)) this.#link(false)
      this.#unheardBeats++
      this.#senders.forgetSilent(clock.monotonic())
      void this.#publish(undefined)
      this.#scheduleBeat()
    })
  }
}
