import { RecentMap } from '../../base/recent-map.js'
import { slotKey } from '../../protocol/slot.js'
import { partsText } from './slot-texts.js'

/** Memory for the names of slots, in characters. */
const MAX_CHARACTERS = 2_097_152
/** What two names take beside their characters. */
const NAMES_CHARACTERS = 100

interface Names {
  readonly url: string
  /** Of the variant of a URL that has no others. */
  readonly variant: string
}

/**
 * The slots of URLs and of their variants. Those of a URL that is asked for again and again are the same strings each
 * time: a map hashes a string once, and a new one of a hundred characters anew on each hit.
 */
export class SlotNames {
  readonly #urlPrefix: string
  readonly #variantPrefix: string
  readonly #known = new RecentMap<string, Names>(
    MAX_CHARACTERS,
    ({ url, variant }) => url.length + variant.length + NAMES_CHARACTERS,
  )

  constructor(namespace: string) {
    this.#urlPrefix = slotKey('url', namespace)
    this.#variantPrefix = slotKey('variant', namespace)
  }

  url(url: string): string {
    return this.#namesOf(url).url
  }

  variant(url: string, parts: readonly string[]): string {
    return parts.length === 0 ? this.#namesOf(url).variant : `${this.#variantPrefix}${url}:${partsText(parts)}`
  }

  #namesOf(url: string): Names {
    let names = this.#known.get(url)
    if (names === undefined) {
      names = { url: this.#urlPrefix + url, variant: this.#variantPrefix + url }
      this.#known.set(url, names)
    }
    return names
  }
}
