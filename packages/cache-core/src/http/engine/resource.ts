import { LRUCache } from 'lru-cache'
import { StoreUnavailableError } from '../../base/errors.js'
import type { CacheInternals } from '../../data/cache.js'
import { encodeFrame, type Mark, VERSION_BYTES } from '../../entry/frame.js'
import { classify, type SlotState } from '../../protocol/classify.js'
import { keyText } from '../../protocol/key.js'
import type { Found } from '../../protocol/lookup.js'
import type { NamespaceVersion } from '../../protocol/marks.js'
import type { Runtime } from '../../protocol/runtime.js'
import { newVersion, openSlot, slotKey } from '../../protocol/slot.js'
import type { StoreEntry, Version } from '../../store/store.js'
import { mergeVary, type VaryList } from '../rules/vary.js'

/** A URL's key as one text, escaped: `keyText` of a `UrlKey`. */
export type UrlText = string

/**
 * A URL as the cache knows it: which request fields select among its variants, and a version that every variant
 * carries, so that purging the URL with all its variants is one delete.
 */
export interface Resource {
  readonly slot: string
  readonly vary: readonly string[]
  readonly mark: Mark
  /** The namespace's version under which it was found: a purge of everything has passed when that is another. */
  readonly namespaceMark: Mark
  readonly storeVersion: Version
  readonly keepUntil: number
}

/** A URL and one of its variants, as one batch of reads found them. */
export interface Located {
  readonly resource: Resource | undefined
  /** What stands in the URL's slot where there is no resource to use: `compareAndSet` must go over it. */
  readonly occupied: Version | undefined
  readonly variantSlot: string
  readonly variant: Found
}

/** The name of the URL's version on its variants. */
const URL_MARK = 'url'
/** A URL's slot outlives its variants by this, so that they are not voided while they are fresh. */
const RESOURCE_MARGIN_MS = 60_000
/** URLs whose Vary list this process remembers: a good guess saves a round trip, a wrong one costs one. */
const MAX_HINTS = 10_000
/** How often a change of the Vary list is tried against other processes' changes. */
const MAX_WRITES = 3

/** The slots of the HTTP cache: one for each URL, one for each variant of it. */
export class Resources {
  readonly namespace: NamespaceVersion
  readonly #runtime: Runtime
  readonly #urlPrefix: string
  readonly #variantPrefix: string
  readonly #hints = new LRUCache<string, readonly string[]>({ max: MAX_HINTS })
  readonly #creating = new Map<string, Promise<Resource>>()

  constructor({ runtime, innerNamespace }: CacheInternals) {
    this.#runtime = runtime
    this.namespace = innerNamespace('http')
    this.#urlPrefix = slotKey('value', this.namespace.namespace, 'url:')
    this.#variantPrefix = slotKey('value', this.namespace.namespace, 'variant:')
  }

  urlSlot(url: UrlText): string {
    return this.#urlPrefix + url
  }

  variantSlot(url: UrlText, parts: readonly string[]): string {
    return parts.length === 0 ? this.#variantPrefix + url : `${this.#variantPrefix}${url}:${keyText(parts)}`
  }

  /**
   * Reads a URL and the variant that is probably wanted in one batch, or in two where the guess was wrong.
   * @param partsOf The key parts of the variant that a Vary list selects.
   * @throws the store's errors.
   */
  async locate(url: UrlText, partsOf: (vary: readonly string[]) => readonly string[]): Promise<Located> {
    const { reader } = this.#runtime
    const slot = this.urlSlot(url)
    const guess = this.#hints.get(slot) ?? NO_FIELDS
    const guessed = this.variantSlot(url, partsOf(guess))
    const held = this.namespace.held()
    const [urlEntry, variantEntry, version] = await Promise.all([
      reader.read(slot),
      reader.read(guessed),
      held ?? this.namespace.read(),
    ])
    let mark = version
    let resource = this.#open(slot, urlEntry, mark)
    if (resource === undefined && urlEntry !== undefined && held !== undefined) {
      // A mismatch against a held version is read again before it is believed (G4).
      mark = await this.namespace.read()
      resource = this.#open(slot, urlEntry, mark)
    }
    const fresh = held === undefined || mark !== version ? mark : undefined
    if (resource === undefined) {
      const variant = { state: this.#classify(variantEntry, [mark, undefined]), mark: fresh }
      return { resource, occupied: urlEntry?.version, variantSlot: guessed, variant }
    }
    const right = sameFields(resource.vary, guess)
    if (!right) this.#hints.set(slot, resource.vary)
    const variantSlot = right ? guessed : this.variantSlot(url, partsOf(resource.vary))
    const entry = right ? variantEntry : await reader.read(variantSlot)
    const variant = { state: this.#classify(entry, [mark, resource.mark]), mark: fresh }
    return { resource, occupied: undefined, variantSlot, variant }
  }

  /**
   * The URL's version, made where there is none. Taken before a load begins, so that what is stored under it is void
   * when the URL was purged meanwhile. @throws the store's errors.
   */
  ensure(url: UrlText, occupied: Version | undefined, lifeMs: number): Promise<Resource> {
    const slot = this.urlSlot(url)
    let creating = this.#creating.get(slot)
    if (creating === undefined) {
      // Shared only by callers that came before it was sent: who comes later may know of a later purge.
      creating = new Promise((resolve) => {
        process.nextTick(() => {
          this.#creating.delete(slot)
          resolve(this.#create(slot, occupied, lifeMs))
        })
      })
      this.#creating.set(slot, creating)
    }
    return creating
  }

  /**
   * Makes the URL's slot live at least as long as a variant that is about to be stored, and name the fields that
   * select it. The resource as it stands then, or `undefined` when the URL or everything was purged: the variant must
   * not be stored.
   * @throws the store's errors.
   */
  async cover(resource: Resource, vary: readonly string[], ttlMs: number): Promise<Resource | undefined> {
    const { store, clock, reader } = this.#runtime
    const { namespaceMark } = resource
    let present: Resource | undefined = resource
    for (let tries = 0; tries < MAX_WRITES; tries++) {
      const merged: VaryList = mergeVary(present.vary, vary)
      if (merged === '*') return undefined
      const needed = clock.now() + ttlMs
      if (sameFields(merged, present.vary) && present.keepUntil >= needed) return present
      const keepUntil = Math.max(present.keepUntil, needed + ttlMs + RESOURCE_MARGIN_MS)
      // Under the version that it was found with: a renewed one would bring back what `purgeAll` has voided.
      const { bytes, ttl } = this.#encode(present.mark.version, merged, keepUntil, namespaceMark)
      const storeVersion = await store.compareAndSet(present.slot, present.storeVersion, bytes, { ttl })
      if (storeVersion !== undefined) {
        this.#hints.set(present.slot, merged)
        return { ...present, vary: merged, keepUntil, storeVersion }
      }
      present = this.#open(present.slot, await reader.read(present.slot), namespaceMark)
      if (present?.mark.version !== resource.mark.version) return undefined
    }
    return undefined
  }

  async #create(slot: string, occupied: Version | undefined, lifeMs: number): Promise<Resource> {
    const { store, clock, reader } = this.#runtime
    const namespaceMark = await this.namespace.ensure()
    const version = newVersion()
    const vary = this.#hints.get(slot) ?? NO_FIELDS
    const keepUntil = clock.now() + lifeMs + RESOURCE_MARGIN_MS
    const { bytes, ttl } = this.#encode(version, vary, keepUntil, namespaceMark)
    const storeVersion =
      occupied === undefined
        ? await store.add(slot, bytes, { ttl }, 'read')
        : await store.compareAndSet(slot, occupied, bytes, { ttl }, 'read')
    if (storeVersion !== undefined) {
      return { slot, vary, mark: { name: URL_MARK, version }, namespaceMark, storeVersion, keepUntil }
    }
    const others = this.#open(slot, await reader.read(slot), await this.namespace.read())
    if (others !== undefined) return others
    throw new StoreUnavailableError('the slot of the URL does not stay in the store', { store: store.name })
  }

  #open(slot: string, entry: StoreEntry | undefined, namespaceMark: Mark | undefined): Resource | undefined {
    const state = this.#classify(entry, [namespaceMark])
    if (namespaceMark === undefined || state.is !== 'fresh') return undefined
    if (state.frame.payload.byteLength < VERSION_BYTES) return undefined
    const { payload, keepUntil } = state.frame
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1')
    const names = text.slice(VERSION_BYTES)
    const vary = names === '' ? NO_FIELDS : names.split(',')
    const mark = { name: URL_MARK, version: text.slice(0, VERSION_BYTES) }
    return { slot, vary, mark, namespaceMark, storeVersion: state.version, keepUntil }
  }

  #encode(
    version: string,
    vary: readonly string[],
    keepUntil: number,
    namespaceMark: Mark,
  ): { bytes: Uint8Array; ttl: number | undefined } {
    const createdAt = this.#runtime.clock.now()
    const bytes = encodeFrame({
      kind: 'value',
      encoding: 'bytes',
      payload: Buffer.from(version + vary.join(','), 'latin1'),
      createdAt,
      freshUntil: keepUntil,
      revalidateUntil: keepUntil,
      keepUntil,
      marks: [namespaceMark],
    })
    return { bytes, ttl: keepUntil === Number.POSITIVE_INFINITY ? undefined : keepUntil - createdAt }
  }

  #classify(entry: StoreEntry | undefined, marks: readonly (Mark | undefined)[]): SlotState {
    return classify(openSlot(entry), this.#runtime.clock.now(), marks)
  }
}

const NO_FIELDS: readonly string[] = []

function sameFields(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index])
}
