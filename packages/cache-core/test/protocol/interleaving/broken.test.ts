import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../../src/data/cache.js'
import { decodeFrame, encodeFrame } from '../../../src/entry/frame.js'
import { Flight } from '../../../src/protocol/flight.js'
import { HedgeLease } from '../../../src/protocol/hedge-lease.js'
import { type Claim, Lease, type LeaseOutcome, type LeaseTerms, settle } from '../../../src/protocol/lease.js'
import { RefreshLease } from '../../../src/protocol/refresh-lease.js'
import { openSlot } from '../../../src/protocol/slot.js'
import type { Store, Version } from '../../../src/store/store.js'
import { findViolation } from './find-violation.js'
import { override } from './override.js'
import type { CacheUnderTest } from './scenario-options.js'
import {
  ABANDONED,
  ABANDONED_ALONE,
  CRASHED_HOLDERS,
  HEDGES,
  LAGGING,
  LOST_EXTENSIONS,
  SHORT_WAITS,
  STALE,
  WRITERS,
} from './scenarios.js'

/** A plain promise per key in front of the store, as every single-flight helper does it. */
function onePromisePerKey(cache: Cache): CacheUnderTest {
  const running = new Map<unknown, Promise<unknown>>()
  return {
    ...inFrontOf(cache),
    getOrSet: (key, loader) => {
      let promise = running.get(key)
      if (promise === undefined) {
        promise = cache.getOrSet(key, loader).finally(() => running.delete(key))
        running.set(key, promise)
      }
      return promise as never
    },
  }
}

/** The cache as it is, but for what a variant does its own way. */
function inFrontOf(cache: Cache): CacheUnderTest {
  return {
    getOrSet: (key, loader, options) => cache.getOrSet(key, loader, options),
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    add: (key, value) => cache.add(key, value),
    delete: (key, options) => cache.delete(key, options),
    clear: () => cache.clear(),
    invalidateTags: (tags, options) => cache.invalidateTags(tags, options),
    stats: () => cache.stats(),
  }
}

/** Versions that count the writes of a key and begin again when it was deleted. */
function reusedVersions(store: Store): Store {
  const counts = new Map<string, { readonly real: Version; readonly count: number }>()
  const counted = (key: string, real: Version): number => {
    const known = counts.get(key)
    if (known?.real === real) return known.count
    const count = (known?.count ?? 0) + 1
    counts.set(key, { real, count })
    return count
  }
  const realOf = async (key: string, version: Version): Promise<Version | undefined> => {
    const entry = await store.get(key)
    return entry !== undefined && counted(key, entry.version) === version ? entry.version : undefined
  }
  return override(store, {
    async get(key) {
      const entry = await store.get(key)
      return entry && { ...entry, version: counted(key, entry.version) }
    },
    async getMany(keys) {
      return Promise.all(keys.map((key) => this.get(key)))
    },
    async add(key, bytes, options) {
      const version = await store.add(key, bytes, options)
      return version && counted(key, version)
    },
    async compareAndSet(key, version, bytes, options) {
      const real = await realOf(key, version)
      const written = real && (await store.compareAndSet(key, real, bytes, options))
      return written && counted(key, written)
    },
    async delete(key) {
      counts.delete(key)
      return store.delete(key)
    },
    async compareAndDelete(key, version) {
      const real = await realOf(key, version)
      return real === undefined ? false : this.delete(key)
    },
  })
}

/** `compareAndSet` that takes an absent key for one that nobody has written. */
function storesWhenAbsent(store: Store): Store {
  return override(store, {
    async compareAndSet(key, version, bytes, options) {
      const written = await store.compareAndSet(key, version, bytes, options)
      return written ?? ((await store.get(key)) === undefined ? store.add(key, bytes, { ttl: 60_000 }) : undefined)
    },
  })
}

/** Leases that stand ten minutes, whatever their holders have asked for. */
function leasesWithoutEnd(store: Store): Store {
  const prolonged = (bytes: Uint8Array): Uint8Array => {
    const frame = decodeFrame(bytes)
    return frame?.kind === 'lease' ? encodeFrame({ ...frame, leaseMs: 600_000 }) : bytes
  }
  return override(store, {
    add: (key, bytes) => store.add(key, prolonged(bytes)),
    compareAndSet: (key, version, bytes) => store.compareAndSet(key, version, prolonged(bytes)),
  })
}

/** Completes over whatever lease stands when its own is gone, once it was in doubt about an extension. */
async function claimThatCompletesOverAnothers(
  claim: typeof Lease.claim,
  terms: LeaseTerms,
  over: Version | undefined,
): Promise<Claim> {
  const claimed = await claim(terms, over)
  if (typeof claimed !== 'object') return claimed
  const lease = claimed.won
  const { slots, slot } = terms
  const [extend, complete] = [lease.extend.bind(lease), lease.complete.bind(lease)]
  let inDoubt = false
  lease.extend = async () => {
    const outcome = await extend()
    inDoubt ||= outcome === 'ambiguous'
    return outcome
  }
  lease.complete = async (bytes, ttl, deadline) => {
    const outcome = await complete(bytes, ttl, deadline)
    if (outcome !== 'lost' || !inDoubt) return outcome
    const standing = openSlot(await slots.readAlone(slot))
    if (standing?.frame?.kind !== 'lease') return outcome
    const written = await slots.compareAndSet(slot, standing.version, bytes, ttl).catch(() => undefined)
    return written === undefined ? 'lost' : 'won'
  }
  return claimed
}

/** Does not ask whose the lease is that it finds. */
async function completeOverAnyLease(
  this: HedgeLease,
  ...[bytes, ttl, deadline]: Parameters<HedgeLease['complete']>
): Promise<LeaseOutcome> {
  const { slots, slot } = this.terms
  const standing = openSlot(await slots.readAlone(slot))
  if (standing?.frame?.kind !== 'lease') return 'lost'
  const { outcome } = await settle(slots.compareAndSet(slot, standing.version, bytes, ttl, deadline))
  return outcome
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a broken variant is caught', { timeout: 120_000 }, () => {
  it('one promise per key in front of the cache', async () => {
    expect(await findViolation({ ...WRITERS, breakCache: onePromisePerKey }, 35)).toContain('was invalidated before')
  })

  it('versions that are used twice (V1)', async () => {
    expect(await findViolation({ ...WRITERS, breakStore: reusedVersions })).toContain('was invalidated before')
  })

  it('storing when the lease is gone (V2)', async () => {
    expect(await findViolation({ ...WRITERS, breakStore: storesWhenAbsent })).toContain('was invalidated before')
  })

  it('joining after the write was sent', async () => {
    vi.spyOn(Flight.prototype, 'admits').mockReturnValue(true)
    expect(await findViolation(WRITERS, 483)).toContain('was invalidated before')
  })

  it('joining a load without a lease that began before the caller came, on a store that answers', async () => {
    vi.spyOn(Flight.prototype, 'beganAfter').mockReturnValue(true)
    expect(await findViolation(SHORT_WAITS)).toContain('was invalidated before')
  })

  it("completing over another's lease after an extension whose answer was lost", async () => {
    const claim = Lease.claim
    vi.spyOn(Lease, 'claim').mockImplementation((terms, over) => claimThatCompletesOverAnothers(claim, terms, over))
    expect(await findViolation(LOST_EXTENSIONS, 42)).toContain('was invalidated before')
  })

  it("a load beside another one that is stored over whatever lease stands afterwards, a later holder's too", async () => {
    vi.spyOn(HedgeLease.prototype, 'complete').mockImplementation(completeOverAnyLease)
    expect(await findViolation(HEDGES)).toContain('was invalidated before')
  })

  it('deletes that do not hold off what is loaded from a replica that lags behind', async () => {
    const breakCache = (cache: Cache): CacheUnderTest => ({
      ...inFrontOf(cache),
      delete: (key) => cache.delete(key),
    })
    expect(await findViolation({ ...LAGGING, breakCache })).toContain('was invalidated before')
  })

  it('a refresh that is stored whatever stands there by now', async () => {
    vi.spyOn(RefreshLease.prototype, 'complete').mockImplementation(async function (this: RefreshLease, bytes, ttl) {
      const { slots, slot } = (this as unknown as { terms: Pick<LeaseTerms, 'slots' | 'slot'> }).terms
      await slots.set(slot, bytes, ttl)
      return 'won'
    })
    expect(await findViolation(STALE)).toContain('was invalidated before')
  })

  it('a load that has learnt nothing and gives what it read before a new life', async () => {
    const { release } = RefreshLease.prototype
    vi.spyOn(RefreshLease.prototype, 'release').mockImplementation(async function (
      this: RefreshLease,
      deadline,
      because,
    ) {
      const { slots, slot } = this.terms
      const standing = because === 'abandoned' ? await slots.readAlone(slot) : undefined
      if (standing !== undefined) await slots.set(slot, standing.bytes, 60_000)
      return release.call(this, deadline, because)
    })
    expect(await findViolation(ABANDONED)).toContain('was invalidated before')
  })

  it('a load that has learnt nothing and ends as if there were nothing (I5)', async () => {
    const { release } = RefreshLease.prototype
    vi.spyOn(RefreshLease.prototype, 'release').mockImplementation(function (this: RefreshLease, deadline, because) {
      return release.call(this, deadline, because === 'abandoned' ? 'nothing' : because)
    })
    expect(await findViolation(ABANDONED_ALONE)).toContain('has learnt nothing took the value')
  })

  it('leases that outlive what their holders say', async () => {
    expect(await findViolation({ ...CRASHED_HOLDERS, breakStore: leasesWithoutEnd })).toContain('after the crash')
  })
})
