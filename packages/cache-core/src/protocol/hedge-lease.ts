import type { DeadlineClass } from '../store/guard/attempts.js'
import type { Version } from '../store/store.js'
import { type LeaseOutcome, type ReleaseReason, readOwn, settle } from './lease.js'
import { RefreshLease, type RefreshTerms } from './refresh-lease.js'

export interface HedgeTerms extends RefreshTerms {
  /** The token of the lease that stands. */
  readonly holder: string
}

/** The terms of a load beside the holder of the lease with this token. */
export function beside(holder: string): Pick<HedgeTerms, 'holder' | 'stands'> {
  return { holder, stands: (frame) => frame?.kind === 'lease' && frame.token === holder }
}

/**
 * The right to load beside another process whose load takes suspiciously long: one at a time among all processes, by the
 * mark that refreshes use. The value is written over the lease that was seen before this load began. A removed lease never
 * comes back, so one with the same token has stood all along, however often it was extended: no delete came in between.
 */
export class HedgeLease extends RefreshLease<HedgeTerms> {
  override async complete(bytes: Uint8Array, ttl: number | undefined, deadline: DeadlineClass): Promise<LeaseOutcome> {
    const { slots, slot, over, holder } = this.terms
    const write = (version: Version): Promise<Version | undefined> =>
      slots.compareAndSet(slot, version, bytes, ttl, deadline)
    let { outcome } = await settle(write(over))
    if (outcome === 'lost') {
      const standing = await readOwn(slots, slot, holder).catch(() => undefined)
      if (standing !== undefined) outcome = (await settle(write(standing))).outcome
    }
    this.removeMark()
    return outcome
  }

  /** Does not remove the lease: it is the holder's, whose load may still find something. */
  override async release(deadline: DeadlineClass, because: ReleaseReason): Promise<LeaseOutcome> {
    return super.release(deadline, because === 'nothing' ? 'abandoned' : because)
  }
}
