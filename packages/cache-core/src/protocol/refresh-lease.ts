import type { Frame } from '../entry/frame.js'
import type { DeadlineClass } from '../store/guard/attempts.js'
import type { Version } from '../store/store.js'
import { type LeaseOutcome, type LoadLease, type ReleaseReason, settle } from './lease.js'
import { newToken, refreshSlot } from './slot.js'
import type { Slots } from './slots.js'

/**
 * What a claim came to. `'running'`: another one refreshes. `'backing-off'`: another one has failed a moment ago, and
 * what is stale is to be served meanwhile. `'overtaken'`: another one has replaced it, or deleted it. `'failed'`: the
 * store could not be asked.
 */
export type RefreshClaim = { readonly won: LoadLease } | 'running' | 'backing-off' | 'overtaken' | 'failed'

export interface RefreshTerms {
  readonly slots: Slots
  readonly slot: string
  /** The version of the value to be replaced. */
  readonly over: Version
  /** Whether it still stands, by what is read after the claim. */
  readonly stands: (frame: Frame | undefined) => boolean
  /** How long a crashed refresher is waited for, and one that has failed is not followed by another. */
  readonly leaseMs: number
}

/** The value that was made then. */
export function sameValue(createdAt: number): RefreshTerms['stands'] {
  return (frame) => frame?.kind === 'value' && frame.createdAt === createdAt
}

const FAILED = Buffer.from('failed')
const REMOVED: Version = true

/**
 * T6: the right to refresh what is stale. A mark in a side slot keeps others from loading the same; the value goes over
 * the version of the stale value that was read, so a delete wins as it does over a lease, whatever becomes of the mark.
 * A refresh that fails leaves its mark: for the length of a lease nobody tries again.
 */
export class RefreshLease<Terms extends RefreshTerms = RefreshTerms> implements LoadLease {
  readonly token = newToken()
  readonly terms: Terms

  /** Without a mark: for a caller that must not be answered by another one's load. */
  constructor(terms: Terms) {
    this.terms = terms
  }

  /** Puts up the mark. */
  async claim(): Promise<RefreshClaim> {
    const { slots, slot, leaseMs } = this.terms
    const mark = refreshSlot(slot)
    const { outcome } = await settle(slots.add(mark, Buffer.from(this.token, 'latin1'), leaseMs, 'read'))
    // The mark may stand, and be ours: one refresh too many is safe, and better than none.
    const won = outcome === 'won' || outcome === 'ambiguous'
    if (!won && outcome !== 'lost') return 'failed'
    try {
      if (won) {
        if (await this.#isStillWanted()) return { won: this }
        this.removeMark()
        return 'overtaken'
      }
      const standing = await slots.readAlone(mark)
      return standing !== undefined && FAILED.equals(standing.bytes) ? 'backing-off' : 'running'
    } catch {
      if (won) this.removeMark()
      return 'failed'
    }
  }

  /**
   * Another refresh may have begun and ended between the read of the stale value and the claim, and its mark be gone: then
   * there is nothing left to load. Of four processes that met a stale value at once two or three loaded.
   */
  async #isStillWanted(): Promise<boolean> {
    const { slots, slot, stands } = this.terms
    return stands(slots.open(slot, await slots.readAlone(slot))?.frame)
  }

  async extend(): Promise<LeaseOutcome> {
    try {
      await this.terms.slots.touch(refreshSlot(this.terms.slot), this.terms.leaseMs)
      return 'won'
    } catch {
      // Safety does not rest on the mark.
      return 'failed'
    }
  }

  async complete(bytes: Uint8Array, ttl: number | undefined, deadline: DeadlineClass): Promise<LeaseOutcome> {
    const { outcome } = await settle(
      this.terms.slots.compareAndSet(this.terms.slot, this.terms.over, bytes, ttl, deadline),
    )
    this.removeMark()
    return outcome
  }

  /** Where there is nothing to store, what was stale is no value any more either. */
  async release(deadline: DeadlineClass, because: ReleaseReason): Promise<LeaseOutcome> {
    if (because === 'abandoned') {
      this.removeMark()
      return 'lost'
    }
    if (because === 'failed') {
      await this.terms.slots.set(refreshSlot(this.terms.slot), FAILED, this.terms.leaseMs).catch(() => {})
      return 'lost'
    }
    const remove = this.terms.slots.compareAndDelete(this.terms.slot, this.terms.over, deadline)
    const { outcome } = await settle(remove.then((removed) => (removed ? REMOVED : undefined)))
    this.removeMark()
    return outcome
  }

  protected removeMark(): void {
    this.terms.slots.delete(refreshSlot(this.terms.slot)).catch(() => {})
  }
}
