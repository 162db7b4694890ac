import { escapePart } from '../base/escape.js'
import { EVERYTHING } from '../base/tags.js'
import type { Mark } from '../entry/frame.js'
import type { MarkState } from './mark-record.js'
import { type MarkParts, NamedMark } from './named-mark.js'
import { type SlotType, slotKey } from './slot.js'

const DAY_MS = 86_400_000
/** Slots of marks expire, otherwise those of forgotten names would pile up. */
const NAMESPACE_LIFE_MS = 30 * DAY_MS
/** A tag per entity means a slot per entity, so it lives little longer than what carries it. */
const TAG_LIFE_MS = 2 * DAY_MS

/** The versions by name of one cache. */
export class Marks {
  readonly #parts: MarkParts

  constructor(parts: MarkParts) {
    this.#parts = parts
  }

  /** The mark that voids the entries of a namespace of the data cache. */
  namespace(name: string): NamespaceMark {
    return new NamespaceMark('namespace', name, name, this.#parts)
  }

  /** The mark that voids every response of the HTTP caches over that namespace. Its tags are those of the namespace. */
  http(name: string): NamespaceMark {
    return new NamespaceMark('http', name, `${name}//http`, this.#parts)
  }

  /** Another process has renewed the mark with this id: what is held of it, or being read, is no longer believed. */
  forget(id: string): void {
    this.#parts.held.fence(id)
  }
}

/** The version of a namespace, which every frame carries, and the way to those of its tags. */
export class NamespaceMark extends NamedMark {
  /** The namespace's name, as diagnostics show it. */
  readonly label: string
  /**
   * Renewed before any tag of the namespace is. If it is the same before a load and after it, and the tags that the loader
   * added were read in between, then none of them was invalidated meanwhile (G5).
   */
  readonly epoch: NamedMark
  /** Spread over servers like the namespace's own mark: without it nothing of the namespace can be read. */
  #everything: NamedMark | undefined
  readonly #path: string

  constructor(type: SlotType, path: string, label: string, parts: MarkParts) {
    const slots = parts.slots.spread(slotKey(type, path))
    super({ kind: 'namespace', name: '', slots, lifeMs: NAMESPACE_LIFE_MS }, parts)
    this.label = label
    this.#path = path
    const epochSlots = parts.slots.spread(slotKey('epoch', path))
    this.epoch = new NamedMark({ kind: 'namespace', name: '', slots: epochSlots, lifeMs: NAMESPACE_LIFE_MS }, parts)
  }

  /** The namespaces whose entries carry its tags. */
  get rooms(): readonly NamespaceMark[] {
    const marks = new Marks(this.parts)
    return [marks.namespace(this.#path), marks.http(this.#path)]
  }

  /**
   * The mark of a tag that voids, or the one that makes stale. In one slot: tags are many, and if one cannot be read, only
   * what carries it is a miss (G6).
   */
  tag(kind: 'tag' | 'soft', name: string): NamedMark {
    if (name === EVERYTHING) return this.everything
    const slots = [slotKey(kind, this.#path, escapePart(name))]
    return new NamedMark({ kind, name, slots, lifeMs: TAG_LIFE_MS }, this.parts)
  }

  /** The soft mark that every response carries. */
  get everything(): NamedMark {
    if (this.#everything === undefined) {
      const slots = this.parts.slots.spread(slotKey('soft', this.#path, escapePart(EVERYTHING)))
      const terms = { kind: 'soft' as const, name: EVERYTHING, slots, lifeMs: NAMESPACE_LIFE_MS }
      this.#everything = new NamedMark(terms, this.parts)
    }
    return this.#everything
  }

  /** Both marks of each tag. Of `EVERYTHING` only the soft one, since the namespace's own mark voids everything. */
  tags(names: readonly string[]): NamedMark[] {
    return names.flatMap((name) =>
      name === EVERYTHING ? [this.everything] : [this.tag('tag', name), this.tag('soft', name)],
    )
  }

  /** The mark that a frame names, where it is of this namespace. */
  of({ kind, name }: Mark): NamedMark | undefined {
    if (kind === 'namespace') return this
    return kind === 'tag' || kind === 'soft' ? this.tag(kind, name) : undefined
  }

  /** As `outlive`, for all marks that a frame carries. @throws the store's errors. */
  async outliveFrame(marks: readonly Mark[], until: number): Promise<void> {
    const states = await Promise.all(marks.map((mark) => this.of(mark)?.ensure()))
    await this.outliveAll(
      states.filter((state) => state !== undefined),
      until,
    )
  }

  /** As `outlive`, for all marks of an entry. @throws the store's errors. */
  async outliveAll(states: readonly MarkState[], until: number): Promise<void> {
    for (const state of states) {
      if (state.keepUntil >= until) continue
      await Promise.all(
        states.map((each) => (each.keepUntil >= until ? undefined : this.of(each)?.outlive(each, until))),
      )
      return
    }
  }
}
