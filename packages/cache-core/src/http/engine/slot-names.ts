import { RecentMap } from '../../base/recent-map.js'
import { slotKey } from '../../protocol/slot.js'
import { partsText } from './slot-texts.js'

/** Memory for the names of slots, in characters. */
const MAX_CHARACTERS = 2_097_152
/** What two names take beside their characters, with what stands in the first. */
const NAMES_CHARACTERS = 400

/** @typeParam Content What is known of what stands in the slot of the URL. */
export interface Names<Content> {
  readonly url: string
  /** Of the variant of a URL that has no others. */
  readonly variant: string
  /** As it was found at hand last. */
  content: Content | undefined
}

/**
 * The slots of URLs and of their variants. Those of a URL that is asked for again and again are the same strings each
 * time: a map hashes a string once, and a new one of a hundred characters anew on each hit.
 */
export class SlotNames<Content> {
  /** Before what each variant adds to it. */
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
  return parts.length === 0 ? variant : `${variant}:${partsText(parts)}`
}
