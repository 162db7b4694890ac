import type { CancelTimer, Clock } from '../base/clock.js'
import type { AnyCall } from './call.js'
import type { SlotState } from './classify.js'
import { lookUpAndKeep } from './near-lookup.js'
import type { Slots } from './slots.js'
import type { Stats } from './stats.js'
import { Suspicion } from './suspicion.js'
import { refreshTopic, type Wakes } from './wakes.js'

/** Delays between polls: 20 ms, half as much again each time, at most 250 ms, each ±25 %. */
const FIRST_DELAY_MS = 20
const DELAY_GROWTH = 1.5
const LONGEST_DELAY_MS = 250
const JITTER = 0.25
/** After so many polls of one load a poller asks to be told of its end. */
const POLLS_BEFORE_ASKING = 2
/** After one more, for a load that ended before the request was heard, it polls only this often. */
const ASKED_DELAY_MS = 1_000
/** After so many leases that ended without a value a caller stops waiting. */
export const MAX_ENDED_LEASES = 2

/** How a wait ended for one caller. */
export type Waited =
  /** A value, or a slot to claim. The caller goes on with it as with its own read. */
  | { readonly next: 'use'; readonly state: SlotState }
  /** This lease takes suspiciously long: the caller should load beside it. */
  | { readonly next: 'hedge'; readonly lease: LeaseState }
  /** Another caller of this process goes first, or this one has gone: it starts over. */
  | { readonly next: 'start-over' }
  /** It has waited for long enough, and loads without a lease. */
  | { readonly next: 'waited-out' }
  /** The store does not answer, or takes no writes. */
  | { readonly next: 'no-store' }

/** A lease of another process. */
export type LeaseState = Extract<SlotState, { is: 'lease' }>

interface Parts {
  readonly slots: Slots
  readonly clock: Clock
  readonly stats: Stats
  readonly wakes: Wakes
}

interface Waiting {
  readonly call: AnyCall
  readonly resolve: (waited: Waited) => void
}

/** One poller per key, however many callers of this process wait for another process's lease. */
export class Waiters {
  readonly #pollers = new Map<string, Poller>()
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Waits until the slot holds something else than what was seen, its load can be presumed dead, or the caller's
   * `waitTimeout` is over.
   */
  wait(call: AnyCall, seen: SlotState): Promise<Waited> {
    const { slot, marks } = call.options
    // Callers that want other versions must not share what they find.
    const key = marks.length === 0 ? slot : `${slot} ${marks.map(({ name, version }) => name + version).join('')}`
    call.waitsSince ??= this.#parts.clock.monotonic()
    let poller = this.#pollers.get(key)
    if (poller === undefined) {
      const standing = standingOf(seen, slot, call.options.leaseMs)
      const suspicion = new Suspicion(this.#parts, slot, call.waitsSince)
      poller = new Poller(this.#parts, standing, suspicion, () => this.#pollers.delete(key))
      this.#pollers.set(key, poller)
    }
    return poller.add(call)
  }

  /** Another process has changed the slot. */
  changed(slot: string): void {
    this.#pollers.get(slot)?.wake()
  }
}

class Poller {
  readonly #parts: Parts
  readonly #onEmpty: () => void
  readonly #waiting = new Set<Waiting>()
  #delayMs = FIRST_DELAY_MS
  #seen: { readonly standing: Standing | undefined; readonly since: number }
  readonly #suspicion: Suspicion
  #cancel: CancelTimer | undefined
  #polling = false
  /** Woken while a poll was under way. */
  #woken = false
  /** Polls of the load that was seen last. */
  #polls = 0
  /** Withdraws the request to be told of that load's end. */
  #unlisten: (() => void) | undefined

  constructor(parts: Parts, standing: Standing | undefined, suspicion: Suspicion, onEmpty: () => void) {
    this.#parts = parts
    this.#suspicion = suspicion
    this.#onEmpty = onEmpty
    this.#seen = { standing, since: parts.clock.monotonic() }
  }

  add(call: AnyCall): Promise<Waited> {
    return new Promise((resolve) => {
      const waiting: Waiting = { call, resolve }
      call.waitUntil ??= this.#parts.clock.monotonic() + call.options.waitTimeoutMs
      call.attach(() => this.#resolve(waiting, { next: 'start-over' }))
      this.#waiting.add(waiting)
      this.#parts.stats.waited()
      if (this.#waiting.size === 1) this.#schedule()
    })
  }

  #schedule(): void {
    const { clock } = this.#parts
    const now = clock.monotonic()
    const jittered = this.#delayMs * (1 - JITTER + 2 * JITTER * Math.random())
    this.#delayMs = Math.min(this.#delayMs * DELAY_GROWTH, LONGEST_DELAY_MS)
    const asked = this.#unlisten !== undefined && this.#polls > POLLS_BEFORE_ASKING
    const seldom = Math.min(ASKED_DELAY_MS, Math.max(jittered, this.#suspicion.dueAt - now))
    let delay = Math.min(asked ? seldom : jittered, this.#loadEnd() - now)
    for (const { call } of this.#waiting) delay = Math.min(delay, (call.waitUntil as number) - now)
    // Somebody waits for what another process loads: this one must not end meanwhile.
    this.#cancel = clock.after(Math.max(1, delay), () => void this.#poll(), true)
  }

  /** The load may be over: polls now. */
  wake(): void {
    if (this.#polling) this.#woken = true
    else if (this.#stopTimer()) void this.#poll()
  }

  /** Whether a timer was running. */
  #stopTimer(): boolean {
    const ran = this.#cancel !== undefined
    this.#cancel?.()
    this.#cancel = undefined
    return ran
  }

  async #poll(): Promise<void> {
    this.#cancel = undefined
    if (this.#endBounded()) return
    this.#polling = true
    await this.#look()
    this.#polling = false
    const woken = this.#woken
    this.#woken = false
    if (woken && this.#stopTimer()) void this.#poll()
  }

  async #look(): Promise<void> {
    // A read answers only those that came before it was sent.
    const asking = [...this.#waiting]
    const [first] = asking
    if (first === undefined) return
    let state: SlotState
    try {
      state = (await lookUpAndKeep(this.#parts, first.call.options)).state
    } catch {
      for (const waiting of asking) this.#resolve(waiting, { next: 'no-store' })
      this.#goOn()
      return
    }
    const present = asking.filter((waiting) => this.#waiting.has(waiting))
    const { slot, leaseMs } = first.call.options
    const standing = standingOf(state, slot, leaseMs)
    if (standing !== undefined && !this.#parts.slots.takesWrites(slot)) {
      for (const waiting of present) this.#resolve(waiting, { next: 'no-store' })
      this.#goOn()
      return
    }
    if (standing !== undefined && !this.#hasEnded(standing, present)) {
      if (++this.#polls === POLLS_BEFORE_ASKING) {
        this.#unlisten = this.#parts.wakes.listen(standing.topic(), () => this.wake())
      }
      const [hedging] = present
      if (hedging !== undefined && state.is === 'lease' && this.#suspicion.grows()) {
        hedging.call.waitsSince = undefined
        this.#resolve(hedging, { next: 'hedge', lease: state })
      }
      if (!this.#endBounded()) this.#goOn()
      return
    }
    if (state.is === 'fresh') this.#parts.stats.loadTimes.record(first.call.options.slot, state.frame.loadMs)
    if (state.is === 'fresh' || state.is === 'held') {
      for (const waiting of present) this.#resolve(waiting, { next: 'use', state })
    } else {
      this.#endWithoutValue(present, state)
    }
    this.#goOn()
  }

  /** A lease is dead when it was seen unchanged for its own length on this process's monotonic clock: clocks need not agree. */
  #hasEnded(standing: Standing, present: readonly Waiting[]): boolean {
    const { clock } = this.#parts
    const known = this.#seen.standing
    if (known?.holder === standing.holder && known.extension === standing.extension) {
      return clock.monotonic() >= this.#loadEnd()
    }
    if (known !== undefined && known.holder !== standing.holder) {
      for (const { call } of present) call.endedLeases++
      this.#forgetLoad()
    }
    this.#seen = { standing, since: clock.monotonic() }
    return false
  }

  #loadEnd(): number {
    const { standing, since } = this.#seen
    return standing === undefined ? Number.POSITIVE_INFINITY : since + standing.leaseMs
  }

  /** One caller of this process claims the slot, the others join it. */
  #endWithoutValue(present: readonly Waiting[], state: SlotState): void {
    const claimable: SlotState = state.is === 'lease' ? { is: 'dead', version: state.version } : state
    for (const [index, waiting] of present.entries()) {
      waiting.call.endedLeases++
      this.#resolve(waiting, index === 0 ? { next: 'use', state: claimable } : { next: 'start-over' })
    }
  }

  /** When the first caller has waited for long enough, the process loads once for all of them. */
  #endBounded(): boolean {
    const now = this.#parts.clock.monotonic()
    const bounded = new Set<Waiting>()
    for (const waiting of this.#waiting) {
      const { waitUntil, endedLeases } = waiting.call
      if ((waitUntil as number) <= now || endedLeases >= MAX_ENDED_LEASES) bounded.add(waiting)
    }
    if (bounded.size === 0) return false
    for (const waiting of [...this.#waiting]) {
      if (bounded.has(waiting) || waiting.call.options.fallback === 'shared')
        this.#resolve(waiting, { next: 'waited-out' })
    }
    this.#goOn()
    return true
  }

  #goOn(): void {
    if (this.#waiting.size > 0 && this.#cancel === undefined) this.#schedule()
  }

  #forgetLoad(): void {
    this.#polls = 0
    this.#unlisten?.()
    this.#unlisten = undefined
  }

  #resolve(waiting: Waiting, waited: Waited): void {
    if (!this.#waiting.has(waiting)) return
    waiting.call.detach()
    this.#remove(waiting)
    waiting.resolve(waited)
  }

  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    if (this.#waiting.size === 0) {
      this.#stopTimer()
      this.#forgetLoad()
      this.#onEmpty()
    }
  }
}

/** A load of another process as it shows in the slot: its lease, or the stale value that it will replace. */
interface Standing {
  readonly holder: string
  readonly extension: number
  readonly leaseMs: number
  /** Its name in messages. */
  readonly topic: () => string
}

function standingOf(state: SlotState, slot: string, leaseMs: number): Standing | undefined {
  if (state.is === 'lease') {
    const { token, extension, leaseMs: own } = state.frame
    return { holder: token, extension, leaseMs: own, topic: () => token }
  }
  if (state.is === 'stale') {
    return {
      holder: `stale since ${state.frame.freshUntil}`,
      extension: 0,
      leaseMs,
      topic: () => refreshTopic(slot),
    }
  }
  return undefined
}
