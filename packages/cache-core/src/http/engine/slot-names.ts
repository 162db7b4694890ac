import { RecentMap } from '../../base/recent-map.js'
import { slotKey } from '../../protocol/slot.js'
import { partsText } from './slot-texts.js'

/** Memory for the names of slots, in characters. */
const MAX_CHARACTERS = 2_097_152
/** What two names take beside their characters, with what stands in the first. */
const NAMES_CHARACTERS = 400

/** The names of a URL's slots. @typeParam Content What is known of the content of the URL's slot. */
export interface Names<Content> {
  readonly url: string
  /** The slot of the variant, where the URL has only one; otherwise its beginning. */
  readonly variant: string
  /** The content as it was last found. */
  content: Content | undefined
}

/**
 * The slots of URLs and of their variants. For a URL that is requested often they are the same string objects each time: a map
 * hashes a string object once, and would hash a new one of a hundred characters on each hit.
 */
export class SlotNames<Content> {
  /** The beginning of the slots of all variants. */
  readonly variantPrefix: string
  readonly #urlPrefix: string
  readonly #known = new RecentMap<string, Names<Content>>(
    MAX_CHARACTERS,
    ({ url, variant }) => url.length + variant.length + NAMES_CHARACTERS,
  )

  constructor(namespace: string) {
    this.#urlPrefix = slotKey('url', namespace)
    this.variantPrefix = slotKey('variant', namespace)
  }

  url(url: string): string {
    return this.of(url).url
  }

  variant(url: string, parts: readonly string[]): string {
    return variantOf(this.of(url), parts)
  }

  of(url: string): Names<Content> {
    let names = this.#known.get(url)
    if (names === undefined) {
      names = { url: this.#urlPrefix + url, variant: this.variantPrefix + url, content: undefined }
      this.#known.set(url, names)
    }
    return names
  }
}

export function variantOf({ variant }: Names<unknown>, parts: readonly string[]): string {
  return variantText(variant, parts)
}

/** What stands behind `variantPrefix` in the slot of a variant of `url`. */
export function variantText(url: string, parts: readonly string[]): string {
  return parts.length === 0 ? url : `${url}:${partsText(parts)}`
}
