import { textLru } from '../../base/text-lru.js'
import type { Encoded } from '../../entry/frame.js'
import { encodedAtHand } from '../../protocol/at-hand.js'
import type { Engine } from '../../protocol/engine.js'
import type { HeaderLines } from '../message/headers.js'
import type { CacheRequest } from '../message/message.js'
import type { HttpCacheRules } from '../rules/options.js'
import { ALL_OF_SEARCH } from '../rules/search.js'
import { strongTag } from '../rules/stored-part.js'
import { partsAt, type ResponsePlace } from './asked.js'
import type { Located, Resource, Resources } from './resource.js'
import { partsText } from './slot-texts.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant } from './variant.js'

/** Memory for the slots of variants, in characters of their names. */
const MAX_CHARACTERS = 1_048_576

/** Most variants of a URL that are offered: those stored last. */
const MAX_OFFERED = 3

/** Larger variants are not read from the store for this: otherwise each miss could cause several large reads. Bytes. */
const MAX_READ_BYTES = 65_536

/** What one takes beside its name. Bytes. */
const KNOWN_CHARACTERS = 50

interface Known {
  readonly slot: string
  /** Of what is stored there. */
  readonly bytes: number
}

/** A request, and where its response is stored. */
type Placed = ResponsePlace & { readonly exchange: { readonly request: CacheRequest } }

/**
 * Which variants of a URL this process has stored lately, so that a handler that is asked for another one can say that it is
 * one of these (RFC 9111 section 4.3.1). Only where scheme, host, query and whatever the route itself names are the same,
 * since a tag belongs to one resource; and only with strong tags, since a weak one may stand for other bytes.
 */
export class OtherVariants {
  readonly #engine: Engine
  readonly #rules: HttpCacheRules
  readonly #resources: Resources
  readonly #known = textLru<readonly Known[]>(MAX_CHARACTERS, (known) =>
    known.reduce((sum, { slot }) => sum + slot.length + KNOWN_CHARACTERS, 0),
  )
  /**
   * Whether the handlers of this route say by ETag which response their 304 is about, as RFC 9110 section 15.4.5 asks.
   * Until one has, it is asked about one response at a time: of several, nobody would know which one it means.
   */
  #tagsSeen = false

  constructor(engine: Engine, rules: HttpCacheRules, resources: Resources) {
    this.#engine = engine
    this.#rules = rules
    this.#resources = resources
  }

  /** A handler has answered 304. */
  sawNotModified(tagged: boolean): void {
    this.#tagsSeen = tagged
  }

  /** A response was stored. */
  note(placed: Placed, slot: string, headers: HeaderLines, bytes: number): void {
    if (strongTag(headers) === undefined) return
    const key = this.#groupOf(placed)
    const others = this.#known.get(key)?.filter((other) => other.slot !== slot) ?? []
    this.#known.set(key, [{ slot, bytes }, ...others].slice(0, MAX_OFFERED + 1))
  }

  /**
   * The variants that are at hand, or small enough to be read, each with another tag.
   * @param stored What the handler is asked about already.
   */
  async offered(
    placed: Placed,
    { resource, variantSlot }: Pick<Located, 'resource' | 'variantSlot'>,
    stored: StoredResponse | undefined,
  ): Promise<readonly StoredResponse[]> {
    const known = this.#known.get(this.#groupOf(placed))?.filter(({ slot }) => slot !== variantSlot) ?? []
    const limit = this.#limit(stored)
    if (resource === undefined || known.length === 0 || limit === 0) return NONE
    const offered: StoredResponse[] = []
    const tags = new Set([stored && strongTag(stored.headers)])
    for (const { slot, bytes } of known) {
      const other =
        this.#atHand(slot, resource) ?? (bytes <= MAX_READ_BYTES ? await this.#read(slot, resource) : undefined)
      const tag = other && strongTag(other.headers)
      if (other?.status !== 200 || tag === undefined || tags.has(tag)) continue
      tags.add(tag)
      if (offered.push(other) === limit) break
    }
    return offered
  }

  /** Names the variants that differ by fields of Vary only. With `noVarySearch` queries are variants, too. */
  #groupOf(placed: Placed): string {
    const parts = partsAt(placed, placed.exchange.request, this.#rules)(OF_ONE_RESOURCE)
    return `${placed.url} ${partsText(parts)}`
  }

  /** A date beside other tags would not count (RFC 9110 section 13.2.2). */
  #limit(stored: StoredResponse | undefined): number {
    if (stored !== undefined && strongTag(stored.headers) === undefined) return 0
    if (this.#tagsSeen) return MAX_OFFERED
    return stored === undefined ? 1 : 0
  }

  #atHand(slot: string, { mark }: Resource): StoredResponse | undefined {
    const { namespace, near } = this.#resources
    const found = near?.find(slot, false)
    if (found !== undefined) return found.fresh && !('pass' in found.variant) ? found.variant : undefined
    const atHand = this.#engine.lookUpAtHand({ slot, namespace, marks: [mark] })
    return atHand && opened(encodedAtHand(atHand))
  }

  async #read(slot: string, { mark }: Resource): Promise<StoredResponse | undefined> {
    const place = { slot, namespace: this.#resources.namespace, tags: [], marks: [mark] }
    const { state } = await this.#engine.lookUp(place)
    return state.is === 'fresh' || state.is === 'stale' ? opened(state.frame) : undefined
  }
}

const NONE: readonly StoredResponse[] = []
/** A Vary list of the whole query alone. */
const OF_ONE_RESOURCE = [ALL_OF_SEARCH]

/** `undefined` where it is unreadable; a request for it will count that. */
function opened(encoded: Encoded): StoredResponse | undefined {
  try {
    const variant = openVariant(encoded, true)
    return 'pass' in variant ? undefined : variant
  } catch {
    return undefined
  }
}
