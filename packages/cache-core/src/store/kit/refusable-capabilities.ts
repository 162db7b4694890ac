import { type CancelTimer, type Clock, systemClock } from '../../base/clock.js'
import { report } from '../../base/diagnostics.js'
import type { CapabilityName, StoreCapabilities } from '../capabilities.js'
import { StoreErrors } from './store-errors.js'

/** The first and the longest pause before the server is asked whether it still refuses. */
const FIRST_PROBE_MS = 500
const LONGEST_PROBE_MS = 15_000

/** The capability that an operation needs, and what its refusal means. Reads and plain writes have no capability. */
const NEEDED_BY: Readonly<Record<string, readonly [CapabilityName | undefined, string]>> = {
  get: [undefined, 'every read is a miss'],
  getMany: [undefined, 'reads are sent one by one'],
  set: [undefined, 'set stores nothing'],
  delete: [undefined, 'no delete reaches other processes'],
  deleteMany: [undefined, 'no delete reaches other processes'],
  ping: [undefined, 'the server always looks dead'],
  add: ['add', 'no leases are taken, and getOrSet stores nothing'],
  compareAndSet: ['compareAndSet', 'no leases are taken, and getOrSet stores nothing'],
  compareAndDelete: ['compareAndSet', 'no leases are taken, and getOrSet stores nothing'],
  touch: ['touch', 'lifetimes are fixed by writes'],
  increment: ['increment', 'there are no counters'],
  publish: ['bus', 'no messages reach other processes'],
  subscribe: ['bus', 'no messages reach this process'],
  purge: ['purge', 'nothing is removed by purge'],
}

interface Refused {
  readonly why: string
  cancel: CancelTimer
}

/**
 * What a store declares, less what its server refuses at present: since the user may not send some command, the command
 * was renamed, or a setting forbids it. The first refusal shows it, and is reported once; from then on the server is asked
 * now and then, so that the capability comes back with the right.
 */
export class RefusableCapabilities {
  readonly #store: string
  readonly #declared: StoreCapabilities
  readonly #clock: Clock
  readonly #errors: StoreErrors
  readonly #refused = new Map<CapabilityName, Refused>()
  readonly #told = new Set<string>()
  #present: StoreCapabilities
  #closed = false

  constructor(store: string, declared: StoreCapabilities, clock: Clock = systemClock) {
    this.#store = store
    this.#declared = declared
    this.#present = declared
    this.#clock = clock
    this.#errors = new StoreErrors(store)
  }

  get present(): StoreCapabilities {
    return this.#present
  }

  /** @throws UnsupportedError while the server refuses it. */
  require(name: CapabilityName, operation: string): void {
    const refused = this.#refused.get(name)
    if (refused !== undefined) throw this.#errors.unsupported(operation, refused.why)
  }

  /**
   * The server refuses an operation of the contract, whatever it is asked about.
   * @param reply In its own words, without the caller's keys.
   * @param probe Resolves when the server does again what the capability needs. It must leave nothing behind.
   */
  refused(operation: string, reply: string, probe: (name: CapabilityName) => Promise<unknown>): void {
    const [name, consequence] = NEEDED_BY[operation] ?? [undefined, `${operation} always fails`]
    const why = `the server refuses what ${operation} needs (${reply}): ${consequence}`
    if (name === undefined) this.#tell(operation, why)
    else this.refuse(name, why, () => probe(name))
  }

  /**
   * The server refuses what this capability needs.
   * @param why For the errors and the warning: who refuses what, and what to do about it.
   * @param probe As for `refused`.
   */
  refuse(name: CapabilityName, why: string, probe: () => Promise<unknown>): void {
    if (this.#closed || !this.#declared[name] || this.#refused.has(name)) return
    this.#tell(why, why)
    this.#refused.set(name, { why, cancel: this.#probeAfter(FIRST_PROBE_MS, name, probe) })
    this.#update()
  }

  /** Stops asking the server. */
  close(): void {
    this.#closed = true
    for (const { cancel } of this.#refused.values()) cancel()
    this.#refused.clear()
  }

  /** Once on each topic. */
  #tell(topic: string, message: string): void {
    if (this.#told.has(topic)) return
    this.#told.add(topic)
    report('store-warning', () => ({ store: this.#store, message }))
  }

  /** Jittered, so that not all processes ask at once. */
  #probeAfter(ms: number, name: CapabilityName, probe: () => Promise<unknown>): CancelTimer {
    return this.#clock.after(ms * (0.75 + Math.random() / 4), () => void this.#probe(ms, name, probe))
  }

  async #probe(ms: number, name: CapabilityName, probe: () => Promise<unknown>): Promise<void> {
    const refused = this.#refused.get(name)
    if (this.#closed || refused === undefined) return
    try {
      await probe()
      this.#refused.delete(name)
      this.#update()
    } catch {
      if (!this.#closed) refused.cancel = this.#probeAfter(Math.min(ms * 2, LONGEST_PROBE_MS), name, probe)
    }
  }

  #update(): void {
    const missing = Object.fromEntries([...this.#refused.keys()].map((name) => [name, false]))
    this.#present = { ...this.#declared, ...missing }
  }
}
