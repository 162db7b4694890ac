import type { Clock } from '../base/clock.js'
import { StoreUnavailableError } from '../base/errors.js'
import { type Mark, VERSION_BYTES } from '../entry/frame.js'
import type { GuardedStore } from '../store/guard/guarded-store.js'
import type { StoreEntry } from '../store/store.js'
import type { Reader } from './reader.js'
import { newVersion, slotKey } from './slot.js'

/** Version slots end, else slots of forgotten names grow without end. Losing one costs loads, never correctness (G3). */
const VERSION_TTL_MS = 30 * 86_400_000

/** The name under which a namespace's version stands on a frame. */
const NAMESPACE_MARK = ''

interface Held {
  readonly mark: Mark
  readonly readAt: number
}

/**
 * The version of a namespace: every frame carries it, `clear` renews it in one write, and what carries another one is
 * void (rules G1 to G4).
 */
export class NamespaceVersion {
  readonly namespace: string
  readonly slot: string
  readonly #store: GuardedStore
  readonly #reader: Reader
  readonly #clock: Clock
  readonly #holdMs: number
  #held: Held | undefined
  /** Counts beginnings and ends of renewals: what was read before one may be the version that it replaced. */
  #renewals = 0

  constructor(namespace: string, parts: { store: GuardedStore; reader: Reader; clock: Clock; holdMs: number }) {
    this.namespace = namespace
    this.slot = slotKey('namespace', namespace)
    this.#store = parts.store
    this.#reader = parts.reader
    this.#clock = parts.clock
    this.#holdMs = parts.holdMs
  }

  /** The version as it stood at most `tagHold` ago. A mismatch against it must be read again before it is believed (G4). */
  held(): Mark | undefined {
    const held = this.#held
    return held !== undefined && this.#clock.monotonic() - held.readAt < this.#holdMs ? held.mark : undefined
  }

  /** The version as it stands in the store, or `undefined` when none does. @throws the store's errors. */
  async read(): Promise<Mark | undefined> {
    const begun = this.#begin()
    const version = versionIn(await this.#reader.read(this.slot))
    return version === undefined ? undefined : this.#hold(version, begun)
  }

  /** As `read`; a missing version is seeded, so that frames can be written (G3). @throws the store's errors. */
  async ensure(): Promise<Mark> {
    const begun = this.#begin()
    const entry = await this.#reader.read(this.slot)
    const version = versionIn(entry)
    if (version !== undefined) return this.#hold(version, begun)
    const seeded = newVersion()
    if (await this.#seed(entry, Buffer.from(seeded, 'latin1'))) return this.#hold(seeded, begun)
    const others = await this.read()
    if (others !== undefined) return others
    throw new StoreUnavailableError('the version of the namespace does not stay in the store', {
      store: this.#store.name,
      operation: 'add',
    })
  }

  /** A new version: every entry of the namespace is void from now on. @throws the store's errors. */
  async renew(): Promise<void> {
    const version = newVersion()
    const begun = this.#beginRenewal()
    await this.#store.set(this.slot, Buffer.from(version, 'latin1'), { ttl: VERSION_TTL_MS })
    const alone = begun.renewals === this.#renewals
    const { renewals } = this.#beginRenewal()
    // Of two renewals at once nobody here knows which one stands.
    if (alone) this.#hold(version, { ...begun, renewals })
  }

  /** @throws the store's errors. */
  async #seed(entry: StoreEntry | undefined, bytes: Uint8Array): Promise<boolean> {
    const options = { ttl: VERSION_TTL_MS }
    if (!this.#store.capabilities.add) {
      // No leases on such a store: a version that replaces another one seeded at the same time costs loads.
      await this.#store.set(this.slot, bytes, options)
      return true
    }
    const written =
      entry === undefined
        ? await this.#store.add(this.slot, bytes, options, 'read')
        : await this.#store.compareAndSet(this.slot, entry.version, bytes, options, 'read')
    return written !== undefined
  }

  #begin(): Begun {
    return { at: this.#clock.monotonic(), renewals: this.#renewals }
  }

  #beginRenewal(): Begun {
    this.#held = undefined
    this.#renewals++
    return this.#begin()
  }

  #hold(version: string, { at, renewals }: Begun): Mark {
    const mark = { name: NAMESPACE_MARK, version }
    const outrun = renewals !== this.#renewals || (this.#held !== undefined && this.#held.readAt > at)
    if (!outrun) this.#held = { mark, readAt: at }
    return mark
  }
}

/** When a read or a renewal began. */
interface Begun {
  readonly at: number
  readonly renewals: number
}

function versionIn(entry: StoreEntry | undefined): string | undefined {
  return entry?.bytes.byteLength === VERSION_BYTES ? Buffer.from(entry.bytes).toString('latin1') : undefined
}
