import { escapePart } from '../base/escape.js'
import { EVERYTHING } from '../base/tags.js'
import type { Mark } from '../entry/frame.js'
import type { MarkState } from './mark-record.js'
import { type MarkParts, NamedMark } from './named-mark.js'
import { type SlotType, slotKey } from './slot.js'

const DAY_MS = 86_400_000
/** Slots of marks end, else those of forgotten names grow without end. */
const NAMESPACE_LIFE_MS = 30 * DAY_MS
/** A tag of each entity is a slot for each entity: it lives little longer than what carries it. */
const TAG_LIFE_MS = 2 * DAY_MS

/** The versions by name of one cache. */
export class Marks {
  readonly #parts: MarkParts

  constructor(parts: MarkParts) {
    this.#parts = parts
  }

  /** What voids the entries of a namespace of the data cache. */
  namespace(name: string): NamespaceMark {
    return new NamespaceMark('namespace', name, name, this.#parts)
  }

  /** What voids every response of an HTTP cache over that namespace. Its tags are those of the namespace. */
  http(name: string): NamespaceMark {
    return new NamespaceMark('http', name, `${name}//http`, this.#parts)
  }

  /** Another process has renewed the mark with this id: what is held of it, or being read, is not believed. */
  forget(id: string): void {
    this.#parts.held.fence(id)
  }
}

/** The version of a namespace, which every frame carries, and the way to those of its tags. */
export class NamespaceMark extends NamedMark {
  /** The namespace's name, as diagnostics show it. */
  readonly label: string
  /**
   * Renewed before every tag of the namespace is: who reads it before a load and after, with the tags that the loader
   * has named in between, knows that none of them was invalidated meanwhile (G5).
   */
  readonly epoch: NamedMark
  /** Spread like the namespace's own: without it nothing of the namespace can be read. */
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

  /** All whose entries carry its tags. */
  get rooms(): readonly NamespaceMark[] {
    const marks = new Marks(this.parts)
    return [marks.namespace(this.#path), marks.http(this.#path)]
  }

  /**
   * The tag's version that voids, or the one that makes stale. In one slot: tags are many, and where one cannot be read only what
   * carries it is a miss (G6).
   */
  tag(kind: 'tag' | 'soft', name: string): NamedMark {
    if (name === EVERYTHING) return this.everything
    const slots = [slotKey(kind, this.#path, escapePart(name))]
    return new NamedMark({ kind, name, slots, lifeMs: TAG_LIFE_MS }, this.parts)
  }

  /** What makes stale all that carries it. */
  get everything(): NamedMark {
    if (this.#everything === undefined) {
      const slots = this.parts.slots.spread(slotKey('soft', this.#path, escapePart(EVERYTHING)))
      const terms = { kind: 'soft' as const, name: EVERYTHING, slots, lifeMs: NAMESPACE_LIFE_MS }
      this.#everything = new NamedMark(terms, this.parts)
    }
    return this.#everything
  }

  /** Both versions of each tag; of what everything carries the soft one, since the namespace's own voids it. */
  tags(names: readonly string[]): NamedMark[] {
    return names.flatMap((name) =>
      name === EVERYTHING ? [this.everything] : [this.tag('tag', name), this.tag('soft', name)],
    )
  }

  /** The one that a frame names, where it is of this namespace. */
  of({ kind, name }: Mark): NamedMark | undefined {
    if (kind === 'namespace') return this
    return kind === 'tag' || kind === 'soft' ? this.tag(kind, name) : undefined
  }

  /** As `outlive`, of all that a frame carries. @throws the store's errors. */
  async outliveFrame(marks: readonly Mark[], until: number): Promise<void> {
    const states = await Promise.all(marks.map((mark) => this.of(mark)?.ensure()))
    await this.outliveAll(
      states.filter((state) => state !== undefined),
      until,
    )
  }

  /** As `outlive`, of all marks of an entry. @throws the store's errors. */
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
