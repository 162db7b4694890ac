import { ByteBudget } from '../base/byte-budget.js'
import type { Clock } from '../base/clock.js'
import { InvalidOptionError, StoreClosedError } from '../base/errors.js'
import { SharedBytes } from '../base/shared-bytes.js'
import { kindOf } from '../base/show.js'
import { type Compression, Transforms } from '../entry/transforms/transforms.js'
import type { EntryAtHand } from '../store/at-hand.js'
import { guardedBy } from '../store/guard/guarded-store.js'
import type { GuardTerms } from '../store/guard/options.js'
import type { Store } from '../store/store.js'
import { type AtHand, type Footing, FootingAtHand, lookUpAtHand } from './at-hand.js'
import { Bus } from './bus.js'
import type { Answer, CallOptions } from './call.js'
import { getOrSet, joinOrLoad } from './drive.js'
import { type FirstLook, firstLook, mayLookFirst } from './first-look.js'
import { Flights } from './flights.js'
import { HeldMarks } from './held-marks.js'
import { Invalidations } from './invalidate.js'
import { KnownFrames } from './known-frames.js'
import type { Found, Place } from './lookup.js'
import { Marks, type NamespaceMark } from './marks.js'
import { Near, type NearTerms } from './near.js'
import { lookUpAndKeep } from './near-lookup.js'
import { type Refreshable, Refreshes } from './refresh.js'
import { Retimes } from './retime.js'
import { MAX_SLOT_KEY_BYTES, roleOf } from './slot.js'
import { Slots } from './slots.js'
import { type CacheStats, Stats } from './stats.js'
import { Waiters } from './waiter.js'
import { Wakes } from './wakes.js'
import { Writes } from './write.js'

export interface EngineOptions {
  readonly store: Store
  readonly storeTimeout: GuardTerms['timeout']
  readonly clock: Clock
  readonly tagHoldMs: number
  readonly markGraceMs: number
  /** Most refreshes at once. */
  readonly maxRefreshes: number
  /** Most bytes of responses held at once while they are captured. */
  readonly maxCaptureBytes: number
  /** Most bytes of stored responses held at once for clients that have not read them. */
  readonly maxSendBytes: number
  readonly compression: Compression | undefined
  readonly secrets: readonly string[] | undefined
  /** Absent: no near cache. */
  readonly near?: NearTerms | undefined
  /** The store whose messages tell other processes of changes. Absent: `store`, where it has a bus and there is a near cache. */
  readonly bus?: Store | undefined
}

/** The parts of one cache put together: what the data cache and the HTTP cache over it stand on. */
export class Engine {
  readonly clock: Clock
  /** Bodies that the HTTP caches over it are capturing. */
  readonly captures: ByteBudget
  /** Stored bodies that the HTTP caches over it are sending. */
  readonly sends: SharedBytes
  readonly slots: Slots
  readonly marks: Marks
  readonly stats = new Stats()
  readonly writes: Writes
  readonly invalidations: Invalidations
  readonly retimes: Retimes
  readonly #refreshes: Refreshes
  readonly #wakes: Wakes
  readonly #held: HeldMarks
  readonly #parts: Parameters<typeof getOrSet>[0] & Parameters<typeof lookUpAtHand>[0]
  #closing: Promise<void> | undefined

  constructor(options: EngineOptions) {
    const { store, storeTimeout, clock, tagHoldMs, markGraceMs, maxRefreshes, maxCaptureBytes } = options
    const { compression, secrets = [] } = options
    const terms: GuardTerms = { timeout: storeTimeout, clock, maxKeyBytes: MAX_SLOT_KEY_BYTES }
    const guarded = guardedBy(store, terms)
    this.clock = clock
    this.captures = new ByteBudget(maxCaptureBytes)
    this.sends = new SharedBytes(options.maxSendBytes)
    const talks = options.bus ?? (options.near !== undefined && store.capabilities.bus ? store : undefined)
    const near = options.near && new Near(options.near, clock, talks === undefined)
    const bus = talks && this.#busOver(talks === store ? guarded : guardedBy(talks, terms), near)
    const transforms = new Transforms({ compression, secrets })
    this.slots = new Slots(guarded, { clock, transforms, stats: this.stats, near, bus })
    this.#wakes = new Wakes(bus)
    const parts = { slots: this.slots, clock, stats: this.stats, wakes: this.#wakes, flights: new Flights(this.#wakes) }
    this.#held = new HeldMarks(clock, tagHoldMs, near)
    this.marks = new Marks({ slots: this.slots, clock, held: this.#held, graceMs: markGraceMs })
    this.writes = new Writes(parts)
    this.invalidations = new Invalidations(parts)
    this.retimes = new Retimes(parts)
    this.#refreshes = new Refreshes({ ...parts, maxRefreshes })
    const knownFrames = new KnownFrames()
    this.#parts = { ...parts, waiters: new Waiters(parts), refreshes: this.#refreshes, knownFrames }
  }

  /** Reads a slot. @throws the store's errors; UndeliveredError. */
  lookUp(place: Place): Promise<Found> {
    return lookUpAndKeep(this.#parts, place)
  }

  /** As `lookUp`, without a promise: what is fresh and at hand. `undefined`: ask `lookUp`. */
  lookUpAtHand(place: Pick<Place, 'slot' | 'namespace' | 'marks'>, now = this.clock.now()): AtHand | undefined {
    return this.#closing === undefined ? lookUpAtHand(this.#parts, place, now) : undefined
  }

  /** What that was found on. @param markEntry The slot of its mark that is in none of the namespace. */
  footingOf(found: AtHand, namespace: NamespaceMark, markEntry: EntryAtHand): Footing {
    return new FootingAtHand({ slots: this.slots, clock: this.clock, held: this.#held }, found, namespace, markEntry)
  }

  /** The value of a slot, stored or loaded: see `drive.ts`. */
  getOrSet<T>(options: CallOptions<T>): Promise<Answer<T>> {
    return getOrSet(this.#parts, options)
  }

  /** As `getOrSet`, for a call that is most probably a hit. `undefined`: it has to be asked for by `getOrSet`. */
  firstLook<T>(look: FirstLook<T>, tags: readonly string[]): Promise<T | undefined> | undefined {
    return mayLookFirst(this.#parts, look, tags) ? firstLook(this.#parts, look) : undefined
  }

  /** As `getOrSet`, for a caller that has looked already and found nothing to serve. */
  joinOrLoad<T>(options: CallOptions<T>, found: Found | undefined): Promise<Answer<T>> {
    return joinOrLoad(this.#parts, options, found)
  }

  /**
   * Refreshes a stale value, for a caller that has looked already and serves what it found.
   * @returns settled when all is done; `undefined` where this call has not begun it.
   */
  refresh(what: Refreshable): Promise<void> | undefined {
    return this.#refreshes.start(what)
  }

  get counters(): CacheStats {
    const { journal, near, openBreakers, latencies } = this.slots
    return {
      ...this.stats.counters,
      journaled: journal.size,
      openBreakers,
      captureBytes: this.captures.held,
      sendBytes: this.sends.held,
      nearEntries: near?.size ?? 0,
      nearBytes: near?.bytes ?? 0,
      latency: {
        load: this.stats.loadLatencies.summary(),
        storeRead: latencies?.read.summary(),
        storeWrite: latencies?.write.summary(),
      },
    }
  }

  /** @throws StoreClosedError */
  checkOpen(operation: string): void {
    if (this.#closing !== undefined) {
      throw new StoreClosedError('the cache is closed', { store: this.slots.name, operation })
    }
  }

  /**
   * Loads under way still answer their callers. Idempotent.
   * @param drainMs How long it may first take to deliver what the journal holds.
   */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  #busOver(store: Store, near: Near | undefined): Bus {
    return new Bus(
      { store, clock: this.clock, stats: this.stats },
      {
        onChange: (slot) => {
          if (roleOf(slot) === 'entry') {
            near?.invalidate(slot)
            this.#parts.waiters.changed(slot)
          } else {
            this.marks.forget(slot)
            near?.invalidateMark(slot)
          }
        },
        onLost: () => near?.drop('message-lost'),
        onLink: (linked) => near?.link(linked),
        onLoads: (kind, topics) => this.#wakes.hear(kind, topics),
      },
    )
  }

  async #close(drainMs: number): Promise<void> {
    if (drainMs > 0) await this.slots.journal.drain(drainMs)
    await this.slots.close()
  }
}

/** Where a cache keeps the handle that the HTTP cache over it is given. */
export const ENGINE: unique symbol = Symbol('tiercel.engine')

/** A cache as the HTTP cache sees it: its engine, its namespace and its limits. */
export interface EngineHandle {
  readonly engine: Engine
  readonly namespace: string
  readonly leaseMs: number
  readonly hardTimeoutMs: number
}

/** @throws InvalidOptionError when `cache` was not made by `createCache`. */
export function handleOf(cache: { readonly [ENGINE]: EngineHandle }): EngineHandle {
  const handle = (cache as { readonly [ENGINE]?: EngineHandle } | undefined)?.[ENGINE]
  if (handle === undefined)
    throw new InvalidOptionError('cache', `expected a cache made by createCache, got ${kindOf(cache)}`)
  return handle
}
