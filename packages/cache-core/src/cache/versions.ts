import type { Clock } from '../base/clock.js'
import { StoreUnavailableError } from '../base/errors.js'
import { type Mark, VERSION_BYTES } from '../entry/frame.js'
import type { GuardedStore } from '../store/guard.js'
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
    const readAt = this.#clock.monotonic()
    const version = versionIn(await this.#reader.read(this.slot))
    return version === undefined ? undefined : this.#hold(version, readAt)
  }

  /** As `read`; a missing version is seeded, so that frames can be written (G3). @throws the store's errors. */
  async ensure(): Promise<Mark> {
    const readAt = this.#clock.monotonic()
    const entry = await this.#reader.read(this.slot)
    const version = versionIn(entry)
    if (version !== undefined) return this.#hold(version, readAt)
    const seeded = newVersion()
    const bytes = Buffer.from(seeded, 'latin1')
    const won =
      entry === undefined
        ? await this.#store.add(this.slot, bytes, { ttl: VERSION_TTL_MS }, 'read')
        : await this.#store.compareAndSet(this.slot, entry.version, bytes, { ttl: VERSION_TTL_MS }, 'read')
    if (won !== undefined) return this.#hold(seeded, readAt)
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
    this.#held = undefined
    await this.#store.set(this.slot, Buffer.from(version, 'latin1'), { ttl: VERSION_TTL_MS })
    this.#hold(version, this.#clock.monotonic())
  }

  #hold(version: string, readAt: number): Mark {
    const mark = { name: NAMESPACE_MARK, version }
    // A slow read must not replace what a later one, or a renewal, has found.
    if (this.#held === undefined || this.#held.readAt <= readAt) this.#held = { mark, readAt }
    return mark
  }
}

function versionIn(entry: StoreEntry | undefined): string | undefined {
  return entry?.bytes.byteLength === VERSION_BYTES ? Buffer.from(entry.bytes).toString('latin1') : undefined
}
