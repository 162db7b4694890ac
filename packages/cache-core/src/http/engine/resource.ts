import { StoreClosedError, StoreUnavailableError } from '../../base/errors.js'
import { RecentMap } from '../../base/recent-map.js'
import { textLru } from '../../base/text-lru.js'
import type { Mark } from '../../entry/frame.js'
import { serverTtl } from '../../entry/value-frame.js'
import type { AtHand, Footing } from '../../protocol/at-hand.js'
import type { Engine, EngineHandle } from '../../protocol/engine.js'
import { type Found, judge } from '../../protocol/lookup.js'
import { encodeMark, type MarkRecord, openMark } from '../../protocol/mark-record.js'
import type { NamespaceMark } from '../../protocol/marks.js'
import { PresentMarks } from '../../protocol/present-marks.js'
import { newVersion } from '../../protocol/slot.js'
import type { StoreEntry, Version } from '../../store/store.js'
import { mergeVary, parseVaryText, type VaryList } from '../rules/vary.js'
import { type NearFound, NearResponses } from './near-responses.js'
import { SlotNames, variantOf, variantText } from './slot-names.js'
import type { StoredResponse } from './stored-response.js'

/** A URL's name as one text: `urlText`. */
export type UrlText = string

/** The key parts of the variant that a Vary list selects. */
export type PartsOf = (vary: readonly string[]) => readonly string[]

/**
 * A URL as the cache knows it: its mark, which every variant carries, so that one delete purges the URL with all its variants;
 * and, in the same slot, the request fields that select among the variants.
 */
export interface Resource {
  readonly slot: string
  readonly vary: readonly string[]
  /** Its name counts the soft purges of the URL, `''` for none: variants stored under another count are stale. */
  readonly mark: MarkRecord
}

/** What a response at hand, or near, stands on. */
export interface Ground {
  /** By which it was selected. */
  readonly vary: readonly string[]
  readonly footing: Footing
}

/** A URL and one of its variants, as one batch of reads found them. */
export interface Located {
  readonly resource: Resource | undefined
  /** The version of an unusable entry in the URL's slot, over which `compareAndSet` must write. */
  readonly occupied: Version | undefined
  readonly variantSlot: string
  readonly variant: Found
}

/** How much longer a URL's slot lives than its variants, so that they are not voided while they are fresh. */
const RESOURCE_MARGIN_MS = 60_000
/**
 * Memory for known URLs, in characters of their names and Vary lists: guessing the list right saves a round trip, guessing it
 * wrong costs one.
 */
const MAX_KNOWN_CHARACTERS = 4_194_304
/** What a mark takes beside them. */
const MARK_CHARACTERS = 300
/** Memory for guessed tags, in characters of them and of the URLs. */
const MAX_HINT_CHARACTERS = 1_048_576
/** Most guessed tags of a URL: together with those that its response names they must fit into one frame. */
const MAX_TAG_HINTS = 32
/** How often a change of the Vary list is tried against other processes' changes. */
const MAX_WRITES = 3

/** The slots of the HTTP cache: one for each URL, one for each variant of it. */
export class Resources {
  /** The mark that every response carries, and `purgeAll` renews. */
  readonly namespace: NamespaceMark
  readonly near: NearResponses | undefined
  readonly #engine: Engine
  readonly #slotNames: SlotNames<Resource>
  /** URLs as they were last seen. */
  readonly #known = new RecentMap<string, Resource>(
    MAX_KNOWN_CHARACTERS,
    ({ vary }, slot) => slot.length + vary.join().length + MARK_CHARACTERS,
  )
  /** Vary lists that have grown while the store did not answer. */
  readonly #alone = textLru<readonly string[]>(MAX_KNOWN_CHARACTERS, (vary) => vary.join().length)
  readonly #tagHints = textLru<readonly string[]>(MAX_HINT_CHARACTERS, (tags) => tags.join().length)
  readonly #creating = new Map<string, Promise<Resource>>()

  constructor({ engine, namespace }: EngineHandle) {
    this.#engine = engine
    this.namespace = engine.marks.http(namespace)
    this.#slotNames = new SlotNames(namespace)
    const { near } = engine.slots
    this.near = near && new NearResponses(near, this.namespace, this.#slotNames.variantPrefix)
  }

  /**
   * Tags that the URL's last response has named. Read before the next load, they need no proof after it, so that an
   * invalidation of some other tag meanwhile does not keep the response out (G5).
   */
  hintedTags(url: UrlText): readonly string[] {
    return this.#tagHints.size === 0 ? NO_FIELDS : (this.#tagHints.get(url) ?? NO_FIELDS)
  }

  /** Remembers the tags that a response of the URL has named. */
  noteTags(url: UrlText, tags: readonly string[]): void {
    if (tags.length > 0) this.#tagHints.set(url, tags.slice(0, MAX_TAG_HINTS))
    else if (this.#tagHints.size > 0) this.#tagHints.delete(url)
  }

  urlSlot(url: UrlText): string {
    return this.#slotNames.url(url)
  }

  variantSlot(url: UrlText, parts: readonly string[]): string {
    return this.#slotNames.variant(url, parts)
  }

  /**
   * Reads a URL and the variant that is probably wanted in one batch; in two where the guess was wrong. For a URL that this
   * process does not know, the batch includes the namespace's mark, which its load will need (G2).
   * @param tags Those that every response of the route carries.
   * @throws the store's errors; UndeliveredError.
   */
  async locate(url: UrlText, partsOf: PartsOf, tags: readonly string[]): Promise<Located> {
    const { slots, clock } = this.#engine
    const slot = this.urlSlot(url)
    const known = this.#known.get(slot)
    const guess = known?.vary ?? NO_FIELDS
    const guessed = this.variantSlot(url, partsOf(guess))
    const present = new PresentMarks(this.namespace, NO_MARKS, known !== undefined)
    const reading = this.near?.begin(guessed)
    try {
      const [urlEntry, variantEntry] = await Promise.all([
        slots.read(slot, this.namespace),
        slots.read(guessed, this.namespace),
        present.ask(tags),
      ])
      const resource = openResource(slot, urlEntry)
      this.near?.answered(slot, resource?.mark.version)
      this.#alone.delete(slot)
      present.addOthers([resource?.mark])
      if (resource === undefined) {
        const variant = await judge(clock, slots.open(guessed, variantEntry), present)
        return { resource: undefined, occupied: urlEntry?.version, variantSlot: guessed, variant }
      }
      const right = sameFields(resource.vary, guess)
      if (known === undefined || !right) this.#known.set(slot, resource)
      const variantSlot = right ? guessed : this.variantSlot(url, partsOf(resource.vary))
      const entry = right ? variantEntry : await slots.read(variantSlot, this.namespace)
      const variant = await judge(clock, slots.open(variantSlot, entry), present)
      const { state } = variant
      if (reading !== undefined && right && state.is === 'fresh') this.near?.keep(reading, slot, state.frame)
      if (state.is !== 'fresh' && state.is !== 'stale') this.near?.gone(variantSlot)
      return { resource, occupied: undefined, variantSlot, variant }
    } finally {
      if (reading !== undefined) this.near?.end(reading)
    }
  }

  /** The slot of the variant that is probably wanted, by what this process knows. */
  guess(url: UrlText, partsOf: PartsOf): string {
    return this.variantSlot(url, partsOf(this.#varyOf(this.urlSlot(url)) ?? NO_FIELDS))
  }

  /**
   * The variant that is probably wanted, where it is near: at once. Only of a URL that this process knows.
   * @param alone Whether the store did not answer the request.
   */
  nearby(url: UrlText, partsOf: PartsOf, alone = false): NearFound | undefined {
    if (this.near === undefined) return undefined
    const vary = this.#varyOf(this.urlSlot(url))
    return vary && this.near.findAt(variantText(url, partsOf(vary)), alone)
  }

  /** As `nearby`, where the store does not answer: what may stand in for a failure of the handler. */
  nearOnError(url: UrlText, partsOf: PartsOf): StoredResponse | undefined {
    return this.near?.findOnError(this.guess(url, partsOf))
  }

  /** Adds fields to the Vary list of a URL without the store. The list; `undefined` where no list would do. */
  varyAlone(url: UrlText, more: readonly string[]): readonly string[] | undefined {
    const slot = this.urlSlot(url)
    const merged: VaryList = mergeVary(this.#varyOf(slot) ?? NO_FIELDS, more)
    if (merged === '*') return undefined
    this.#alone.set(slot, merged)
    return merged
  }

  #varyOf(slot: string): readonly string[] | undefined {
    return (this.#alone.size === 0 ? undefined : this.#alone.get(slot)) ?? this.#known.get(slot)?.vary
  }

  /** The variant that is wanted, where it is fresh in a store of this process, without a promise. `undefined`: ask `locate`. */
  atHand(url: UrlText, partsOf: PartsOf, now: number): AtHand | undefined {
    const names = this.#slotNames.of(url)
    const entry = this.#engine.slots.atHand(names.url, this.namespace)
    if (entry === undefined) return undefined
    // With the version that was seen last, it is unchanged (rule V1).
    if (names.content?.mark.storeVersion !== entry.version) names.content = this.#openAtHand(names.url, entry)
    const resource = names.content
    if (resource === undefined) return undefined
    const slot = variantOf(names, partsOf(resource.vary))
    return this.#engine.lookUpAtHand({ slot, namespace: this.namespace, marks: [resource.mark] }, now)
  }

  /** What the response stands on that `atHand`, or `nearby`, has returned fresh in this turn; `undefined`: not to be known. */
  groundOf(url: UrlText, found: AtHand | NearFound): Ground | undefined {
    const names = this.#slotNames.of(url)
    if ('variant' in found) {
      const vary = this.#varyOf(names.url)
      // By another list another variant would be looked for.
      const isLookedFor = (): boolean => this.#varyOf(names.url) === vary
      return vary && this.near && { vary, footing: this.near.footingOf(found, isLookedFor) }
    }
    const entry = this.#engine.slots.atHand(names.url, this.namespace)
    if (entry === undefined || names.content?.mark.storeVersion !== entry.version) return undefined
    return { vary: names.content.vary, footing: this.#engine.footingOf(found, this.namespace, entry) }
  }

  /**
   * The URL with its mark, made where there is none. To be called before a load begins, so that what is stored under the mark
   * is void if the URL is purged meanwhile. @throws the store's errors.
   */
  ensure(url: UrlText, occupied: Version | undefined, lifeMs: number): Promise<Resource> {
    const slot = this.urlSlot(url)
    let creating = this.#creating.get(slot)
    if (creating === undefined) {
      // Shared only by callers that came before it is sent: a later caller may have to see a later purge.
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
   * Makes the URL's slot live at least as long as a variant that is about to be stored, and name the fields that select it.
   * The resource as it then is; `undefined` when the URL was purged, so that the variant must not be stored.
   * @throws the store's errors.
   */
  async cover(resource: Resource, vary: readonly string[], ttlMs: number): Promise<Resource | undefined> {
    const { slots, clock } = this.#engine
    const { slot } = resource
    let present: Resource | undefined = resource
    for (let tries = 0; tries < MAX_WRITES; tries++) {
      const merged: VaryList = mergeVary(present.vary, vary)
      if (merged === '*') return undefined
      const now = clock.now()
      const { mark } = present
      if (sameFields(merged, present.vary) && mark.keepUntil >= now + ttlMs) return present
      const keepUntil = Math.max(mark.keepUntil, now + 2 * ttlMs + RESOURCE_MARGIN_MS)
      const wanted = { ...mark, data: dataOf(merged, mark.name), keepUntil }
      const ttl = serverTtl(keepUntil - now)
      const write = () => slots.compareAndSet(slot, mark.storeVersion as Version, encodeMark(wanted), ttl)
      // Variants that were selected by fewer fields can no longer be found, and leave the near cache.
      const storeVersion = await (sameFields(merged, present.vary) ? write() : slots.changing([slot], write))
      if (storeVersion !== undefined) {
        const covered = { slot, vary: merged, mark: { ...wanted, storeVersion } }
        this.#known.set(slot, covered)
        return covered
      }
      present = openResource(slot, await slots.read(slot, this.namespace))
      if (present?.mark.version !== resource.mark.version) return undefined
    }
    return undefined
  }

  /**
   * Makes all variants of a URL stale, and what is loading now. Whether every process will see that; also where nothing of
   * ours is in the slot, so that nothing can be stale. @throws StoreClosedError
   */
  async soften(url: UrlText): Promise<boolean> {
    const { slots, clock } = this.#engine
    const slot = this.urlSlot(url)
    try {
      for (let tries = 0; tries < MAX_WRITES; tries++) {
        slots.checkDelivered(slot, this.namespace, 'purge')
        const resource = openResource(slot, await slots.readAlone(slot))
        if (resource === undefined) return true
        const { mark, vary } = resource
        const now = clock.now()
        const name = String(Number(mark.name) + 1)
        const bytes = encodeMark({ ...mark, data: dataOf(vary, name), since: now })
        const ttl = serverTtl(mark.keepUntil - now)
        const write = () => slots.compareAndSet(slot, mark.storeVersion as Version, bytes, ttl)
        if ((await slots.changing([slot], write)) !== undefined) return true
      }
      return false
    } catch (error) {
      if (error instanceof StoreClosedError) throw error
      return false
    }
  }

  #openAtHand(slot: string, entry: StoreEntry): Resource | undefined {
    const known = this.#known.get(slot)
    if (known?.mark.storeVersion === entry.version) return known
    const resource = openResource(slot, entry)
    if (resource !== undefined) this.#known.set(slot, resource)
    return resource
  }

  async #create(slot: string, occupied: Version | undefined, lifeMs: number): Promise<Resource> {
    const { slots, clock } = this.#engine
    const vary = this.#known.get(slot)?.vary ?? NO_FIELDS
    const now = clock.now()
    const keepUntil = now + lifeMs + RESOURCE_MARGIN_MS
    const fresh = {
      kind: 'url' as const,
      name: '',
      version: newVersion(),
      data: dataOf(vary, ''),
      since: now,
      keepUntil,
    }
    const ttl = serverTtl(keepUntil - now)
    const storeVersion = await slots.claim(slot, occupied, encodeMark(fresh), ttl, 'read')
    if (storeVersion !== undefined) return { slot, vary, mark: { storeVersion, ...fresh } }
    const others = openResource(slot, await slots.read(slot, this.namespace))
    if (others !== undefined) return others
    throw new StoreUnavailableError('the slot of the URL does not stay in the store', { store: slots.name })
  }
}

const NO_FIELDS: readonly string[] = []
const NO_MARKS: readonly Mark[] = []

/** Decodes a URL's slot; `undefined` where nothing, or nothing of ours, is in it. */
function openResource(slot: string, entry: StoreEntry | undefined): Resource | undefined {
  const mark = openMark('url', entry)
  if (mark === undefined) return undefined
  const [list = '', name = ''] = mark.data.split(SOFT, 2)
  const vary = parseVaryText(list)
  return vary === undefined || !/^\d{0,15}$/.test(name) ? undefined : { slot, vary, mark: { ...mark, name } }
}

/** Between the Vary list and the count of soft purges; no field name holds it. */
const SOFT = ';'

function dataOf(vary: readonly string[], name: string): string {
  return name === '' ? vary.join(',') : vary.join(',') + SOFT + name
}

function sameFields(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index])
}
