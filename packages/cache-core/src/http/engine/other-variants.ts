import { LRUCache } from 'lru-cache'
import type { Engine } from '../../protocol/engine.js'
import { strongTag } from '../rules/stored-part.js'
import type { Place } from './asked.js'
import type { Located, Resources } from './resource.js'
import { partsText } from './slot-texts.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant } from './variant.js'

/** Memory for the slots of variants, in characters of their names. */
const MAX_CHARACTERS = 1_048_576

/** How many of a URL are offered: those that were stored last. */
const MAX_OFFERED = 3

/**
 * Which variants of a URL this process has stored lately, so that a handler which is asked for another one can say that
 * it is one of these (RFC 9111 section 4.3.1). Only where scheme, host and all that the route itself names are the same,
 * and only under strong tags: a weak one may stand for other bytes.
 */
export class OtherVariants {
  readonly #engine: Engine
  readonly #resources: Resources
  readonly #slots = new LRUCache<string, readonly string[]>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (slots, place) => place.length + slots.join('').length,
  })
  /**
   * Whether the handlers of this route say by ETag which response their 304 is about, as RFC 9110 section 15.4.5 asks.
   * Until one has, it is asked about one response at a time: of several, nobody would know which one it means.
   */
  #tagsSeen = false

  constructor(engine: Engine, resources: Resources) {
    this.#engine = engine
    this.#resources = resources
  }

  /** A handler has answered 304. */
  sawNotModified(tagged: boolean): void {
    this.#tagsSeen = tagged
  }

  /** A response was stored. */
  note(place: Pick<Place, 'url' | 'own'>, slot: string, { headers }: Pick<StoredResponse, 'headers'>): void {
    if (strongTag(headers) === undefined) return
    const key = keyOf(place)
    const others = this.#slots.get(key)?.filter((other) => other !== slot) ?? []
    this.#slots.set(key, [slot, ...others].slice(0, MAX_OFFERED + 1))
  }

  /**
   * Those that are at hand, each under another tag: none is read from a store for it.
   * @param stored What the handler is asked about already.
   */
  offered(
    place: Place,
    { resource, variantSlot }: Located,
    stored: StoredResponse | undefined,
  ): readonly StoredResponse[] {
    const slots = resource && this.#slots.get(keyOf(place))
    // A date beside other tags would not count (RFC 9110 section 13.2.2).
    const many = stored === undefined || strongTag(stored.headers) !== undefined ? MAX_OFFERED : 0
    const limit = this.#tagsSeen ? many : Math.min(many, stored === undefined ? 1 : 0)
    if (resource === undefined || slots === undefined || limit === 0) return NONE
    const offered: StoredResponse[] = []
    const tags = new Set([stored && strongTag(stored.headers)])
    for (const slot of slots) {
      if (slot === variantSlot || offered.length === limit) continue
      const other = this.#atHand(slot, resource.mark)
      const tag = other && strongTag(other.headers)
      if (other?.status !== 200 || tag === undefined || tags.has(tag)) continue
      tags.add(tag)
      offered.push(other)
    }
    return offered
  }

  #atHand(slot: string, mark: NonNullable<Located['resource']>['mark']): StoredResponse | undefined {
    const { namespace, near } = this.#resources
    const found = near?.find(slot)
    if (found !== undefined) return found.fresh && !('pass' in found.variant) ? found.variant : undefined
    const state = this.#engine.lookUpAtHand({ slot, namespace, marks: [mark] })
    try {
      const variant = state && openVariant(state.frame, true)
      return variant === undefined || 'pass' in variant ? undefined : variant
    } catch {
      // Whoever asks for it is told.
      return undefined
    }
  }
}

const NONE: readonly StoredResponse[] = []

function keyOf({ url, own }: Pick<Place, 'url' | 'own'>): string {
  return own.length === 0 ? url : `${url} ${partsText(own)}`
}
