import type { Encoded, ValueFrame } from '../../entry/frame.js'
import type { Footing } from '../../protocol/at-hand.js'
import type { NamespaceMark } from '../../protocol/marks.js'
import type { Near, NearContent, NearMark, Reading } from '../../protocol/near.js'
import { ENCODED, type NearEntry, type NearSpace, SHARED } from '../../protocol/near-entry.js'
import { isFailure } from '../rules/stale-windows.js'
import type { StoredResponse } from './stored-response.js'
import { openVariant, type Variant } from './variant.js'

/** A near response, decoded once for all hits. */
export interface NearFound {
  readonly entry: NearEntry
  readonly variant: Variant
  /** Otherwise it is within its stale window. */
  readonly fresh: boolean
}

/** An entry that is still in the near cache, fresh, and the one to be looked for. */
class NearFooting implements Footing {
  readonly #near: Near
  readonly #entry: NearEntry
  readonly #isLookedFor: () => boolean

  constructor(near: Near, entry: NearEntry, isLookedFor: () => boolean) {
    this.#near = near
    this.#entry = entry
    this.#isLookedFor = isLookedFor
  }

  holds(): boolean {
    const entry = this.#entry
    if (!entry.stands || !this.#near.keeps(entry) || !this.#isLookedFor()) return false
    const now = this.#near.clock.once()
    if (now >= entry.until || now >= entry.freshUntil) return false
    entry.visited = true
    return true
  }
}

/** Memory of a decoded head, as a multiple of its text: the strings take as much again, and so do their lists. */
const TEXT_GROWTH = 3

/** The near cache of responses: by their slots, ready to be sent. Whatever voids a response also voids it here (N1 to N5). */
export class NearResponses {
  readonly #near: Near
  readonly #namespace: NamespaceMark
  readonly #space: NearSpace
  readonly #prefix: string

  /** @param prefix Of the slots of all variants. */
  constructor(near: Near, namespace: NamespaceMark, prefix: string) {
    this.#near = near
    this.#namespace = namespace
    this.#space = near.space(prefix)
    this.#prefix = prefix
  }

  /** As `findAt`, by the variant's slot. */
  find(variantSlot: string, alone: boolean): NearFound | undefined {
    return this.findAt(variantSlot.slice(this.#prefix.length), alone)
  }

  /**
   * @param text Of the variant: `variantText`. A string that is used again has been hashed before.
   * @param alone Whether the store did not answer the request.
   */
  findAt(text: string, alone: boolean): NearFound | undefined {
    // Always composed, since a URL's name has several parts.
    const entry = this.#space.composed.get(text)
    if (!entry?.stands || (!alone && this.#near.isOff(entry))) return undefined
    const now = this.#near.clock.once()
    const variant = now < entry.until ? this.#variantOf(entry) : undefined
    if (variant === undefined) return undefined
    entry.visited = true
    return { entry, variant, fresh: now < entry.freshUntil }
  }

  /**
   * What a fresh response was found on.
   * @param isLookedFor Whether this variant is still the one to be looked for.
   */
  footingOf({ entry }: NearFound, isLookedFor: () => boolean): Footing {
    return new NearFooting(this.#near, entry, isLookedFor)
  }

  /** What may stand in for a failure of the handler while the store does not answer, though its time near is over. */
  findOnError(variantSlot: string): StoredResponse | undefined {
    const entry = this.#space.composed.get(variantSlot.slice(this.#prefix.length))
    const variant = entry?.stands ? this.#variantOf(entry) : undefined
    if (entry === undefined || variant === undefined || 'pass' in variant) return undefined
    const { status, staleIfErrorMs } = variant
    if (staleIfErrorMs === 0 || status === 206 || isFailure(status)) return undefined
    const until = Math.min(entry.keepUntil, entry.freshUntil + staleIfErrorMs)
    return this.#near.clock.exact() < until ? variant : undefined
  }

  /** The store has nothing to serve there. */
  gone(variantSlot: string): void {
    this.#near.gone(variantSlot)
  }

  /** To be called before a variant is read, or its handler run. */
  begin(variantSlot: string): Reading {
    return this.#near.begin(variantSlot)
  }

  end(reading: Reading): void {
    this.#near.end(reading)
  }

  /** The store has answered with the version of a URL; `undefined`: it has none. */
  answered(urlSlot: string, version: string | undefined): void {
    this.#near.storeAnswered()
    this.#near.marked(urlSlot, version)
  }

  /** Keeps a response that was found fresh in the store. */
  keep(reading: Reading, urlSlot: string, frame: ValueFrame): void {
    const marks = frame.marks.map((mark): NearMark | undefined => {
      const id = mark.kind === 'url' ? urlSlot : this.#namespace.of(mark)?.id
      return id === undefined ? undefined : { id, version: mark.version }
    })
    const [first, ...others] = marks.filter((mark) => mark !== undefined)
    if (first !== undefined && others.length === marks.length - 1) {
      this.#near.enter(reading, { ...frame, marks: [first, ...others] })
    }
  }

  /** Keeps a response that was made while the store does not answer, for this process alone (N3). */
  keepAlone(
    reading: Reading,
    where: { readonly urlSlot: string; readonly variantSlot: string; readonly tags: readonly string[] },
    content: Omit<NearContent, 'marks' | 'loadMs'>,
  ): void {
    const ids = [this.#namespace.id, where.urlSlot, ...this.#namespace.tags(where.tags).map(({ id }) => id)]
    const [first, ...others] = ids.map((id) => ({ id, version: undefined }))
    const marks = [first as NearMark, ...others] as const
    this.#near.enterAlone({ ...reading, slot: where.variantSlot }, { ...content, loadMs: 0, marks })
  }

  #variantOf(entry: NearEntry): Variant | undefined {
    if (entry.form === SHARED) return entry.content as Variant
    const encoded = entry.content as Encoded
    if (entry.form !== ENCODED) return undefined
    try {
      const variant = openVariant(encoded)
      entry.content = variant
      entry.form = SHARED
      const bytes = encoded.payload.byteLength
      const text = 'pass' in variant ? 0 : bytes - variant.body.byteLength
      this.#near.resize(entry, bytes + TEXT_GROWTH * text, bytes)
      return variant
    } catch {
      // The store's path counts it.
      return undefined
    }
  }
}
