import type { Clock } from '../base/clock.js'
import { AmbiguousWriteError, StoreClosedError, StoreTimeoutError } from '../base/errors.js'
import { encodeFrame, type Mark } from '../entry/frame.js'
import type { DeadlineClass } from '../store/guard/attempts.js'
import type { Version } from '../store/store.js'
import { newToken } from './slot.js'
import type { Slots } from './slots.js'

/**
 * The outcome of a conditional write. `'failed'`: certainly not executed, since the store could not be asked.
 * `'timed-out'`: ambiguous, since its deadline passed; callers must not wait for this store again.
 */
export type LeaseOutcome = 'won' | 'lost' | 'ambiguous' | 'timed-out' | 'failed'

export type Claim = { readonly won: Lease } | Exclude<LeaseOutcome, 'won'>

/** The right to load a slot. The value is stored over a lease, or over the stale value that stands there. */
export interface LoadLease {
  /** Unique to this load. */
  readonly token: string
  /** Extends it for another `leaseMs`. After any outcome but `'won'` and `'failed'` nobody may join this load any more. */
  extend(): Promise<LeaseOutcome>
  /** Stores the value, once. `'won'` proves that nobody deleted or wrote the slot since the right was taken. */
  complete(bytes: Uint8Array, ttl: number | undefined, deadline: DeadlineClass): Promise<LeaseOutcome>
  /** Gives it back without storing anything. `'won'` is the same proof, for a loader that found nothing. */
  release(deadline: DeadlineClass, because: ReleaseReason): Promise<LeaseOutcome>
}

/** The loader failed; it found nothing to store; or it did not run, or learnt nothing about what stood there. */
export type ReleaseReason = 'failed' | 'nothing' | 'abandoned'

/** The pause between two attempts to take a lease back while the store does not answer. */
const WITHDRAW_EVERY_MS = 100
/** After so long an outage the lease is left to expire. */
const WITHDRAW_FOR_MS = 30_000

/**
 * A lease in a key's own slot: the right to load, and the version over which the load is stored. Portable leases after
 * Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013; transitions T1 to T5 of the protocol.
 *
 * Why a delete wins: it removes the lease, so the load that ran under it finds nothing to write over, and what it had
 * read before the delete is never stored (docs/leases.md).
 */
export class Lease implements LoadLease {
  readonly token: string
  readonly #slots: Slots
  readonly #clock: Clock
  readonly #slot: string
  readonly #leaseMs: number
  readonly #marks: readonly Mark[]
  #version: Version
  #extension = 0
  #extensionUnclear = false

  private constructor(terms: LeaseTerms, token: string, version: Version) {
    this.#slots = terms.slots
    this.#clock = terms.clock
    this.#slot = terms.slot
    this.#leaseMs = terms.leaseMs
    this.#marks = terms.marks
    this.token = token
    this.#version = version
  }

  /**
   * T1 on an absent slot, T2 over the version of a dead or expired frame. A new attempt draws a new token, so that a
   * late write of an earlier attempt is never taken for this one.
   */
  static async claim(terms: LeaseTerms, over: Version | undefined): Promise<Claim> {
    const { slots, slot, leaseMs } = terms
    const token = newToken()
    const bytes = leaseFrame(terms, token, 0)
    // A caller waits for this answer before its load: the short deadline. Giving up a claim is always safe.
    const { outcome, version } = await settle(slots.claim(slot, over, bytes, leaseMs, 'read'))
    if (outcome === 'won') return { won: new Lease(terms, token, version as Version) }
    if (outcome === 'ambiguous') {
      try {
        const standing = await readOwn(slots, slot, token)
        return standing === undefined ? 'ambiguous' : { won: new Lease(terms, token, standing) }
      } catch {
        void withdraw(terms, token)
        return 'timed-out'
      }
    }
    if (outcome === 'timed-out') void withdraw(terms, token)
    return outcome
  }

  /** T4: the same token for another `leaseMs`. */
  async extend(): Promise<LeaseOutcome> {
    const terms = { clock: this.#clock, leaseMs: this.#leaseMs, marks: this.#marks }
    const bytes = leaseFrame(terms, this.token, ++this.#extension)
    const { outcome, version } = await settle(
      this.#slots.compareAndSet(this.#slot, this.#version, bytes, this.#leaseMs),
    )
    if (outcome === 'won') this.#version = version as Version
    else if (outcome === 'ambiguous' || outcome === 'timed-out') this.#extensionUnclear = true
    return outcome
  }

  /**
   * T3: the value over the lease, once. `'won'` proves that nobody deleted or wrote the key since the lease was taken.
   * @param deadline `'read'` where callers wait for the answer and may have to load by themselves.
   */
  async complete(bytes: Uint8Array, ttl: number | undefined, deadline: DeadlineClass): Promise<LeaseOutcome> {
    const write = (over: Version): Promise<Version | undefined> =>
      this.#slots.compareAndSet(this.#slot, over, bytes, ttl, deadline)
    let { outcome } = await settle(write(this.#version))
    if (outcome === 'lost' && this.#extensionUnclear) {
      // An extension whose answer was lost may have been executed, with nothing in between: then the lease is still ours.
      try {
        const standing = await readOwn(this.#slots, this.#slot, this.token)
        if (standing !== undefined) outcome = (await settle(write(standing))).outcome
      } catch {
        outcome = 'timed-out'
      }
    }
    if (outcome !== 'won' && outcome !== 'lost') this.#withdraw()
    return outcome
  }

  /** T5: nothing is stored, the slot is absent again. `'won'` is the same proof as in `complete`. */
  async release(deadline: DeadlineClass): Promise<LeaseOutcome> {
    const remove = this.#slots.compareAndDelete(this.#slot, this.#version, deadline)
    const { outcome } = await settle(remove.then((removed) => (removed ? REMOVED : undefined)))
    if (outcome !== 'won') this.#withdraw()
    return outcome
  }

  #withdraw(): void {
    void withdraw({ slots: this.#slots, clock: this.#clock, slot: this.#slot }, this.token)
  }
}

/**
 * Takes back a lease that nobody will complete, in the background and as soon as the store answers, so that waiters
 * elsewhere do not wait for its end. It may not stand there yet: a frozen store executes later what it was sent. Never
 * rejects.
 */
async function withdraw(
  { slots, clock, slot }: Pick<LeaseTerms, 'slots' | 'clock' | 'slot'>,
  token: string,
): Promise<void> {
  const until = clock.monotonic() + WITHDRAW_FOR_MS
  for (;;) {
    try {
      const standing = await readOwn(slots, slot, token)
      if (standing !== undefined) await slots.compareAndDelete(slot, standing)
      return
    } catch (error) {
      if (error instanceof StoreClosedError || clock.monotonic() >= until) return
    }
    await new Promise<void>((resolve) => clock.after(WITHDRAW_EVERY_MS, resolve))
  }
}

export interface LeaseTerms {
  readonly slots: Slots
  readonly clock: Clock
  readonly slot: string
  readonly leaseMs: number
  /** Read from the store before the load begins (G2). */
  readonly marks: readonly Mark[]
}

const REMOVED: Version = true

function leaseFrame(terms: Pick<LeaseTerms, 'clock' | 'leaseMs' | 'marks'>, token: string, extension: number): Buffer {
  const { leaseMs, marks } = terms
  return encodeFrame({ kind: 'lease', createdAt: terms.clock.now(), leaseMs, extension, token, marks })
}

/** The outcome of a conditional write. */
export async function settle(
  write: Promise<Version | undefined>,
): Promise<{ outcome: LeaseOutcome; version?: Version | undefined }> {
  try {
    const version = await write
    return version === undefined ? { outcome: 'lost' } : { outcome: 'won', version }
  } catch (error) {
    if (!(error instanceof AmbiguousWriteError)) return { outcome: 'failed' }
    return { outcome: error.cause instanceof StoreTimeoutError ? 'timed-out' : 'ambiguous' }
  }
}

/** The version of the lease with this token, if it still stands. @throws the store's errors. */
export async function readOwn(slots: Slots, slot: string, token: string): Promise<Version | undefined> {
  const read = slots.open(slot, await slots.readAlone(slot))
  return read?.frame?.kind === 'lease' && read.frame.token === token ? read.version : undefined
}
