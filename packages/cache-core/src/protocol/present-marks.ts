import { UndeliveredError } from '../base/errors.js'
import type { Mark } from '../entry/frame.js'
import { type MarkState, sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'
import type { NamedMark } from './named-mark.js'

/**
 * What its marks say of a frame. `'outdated'`: soft tags have changed; the frame is stale since then, by the wall clock,
 * or 0 where that is not known.
 */
export type MarksVerdict = { readonly is: 'valid' | 'void' } | { readonly is: 'outdated'; readonly since: number }

/** A mark beside those of the namespace; `since`: when it last changed, wall clock. */
export type OtherMark = Mark & { readonly since?: number }

interface Known {
  readonly mark: NamedMark
  readonly state: MarkState | undefined
  /** From the store, for this caller; else it was held. */
  readonly read: boolean
}

/**
 * The marks as they stand now, as far as one caller knows them: held ones, and those that were read for it, all that it
 * asks for in one batch.
 */
export class PresentMarks {
  readonly #namespace: NamespaceMark
  #others: readonly (OtherMark | undefined)[]
  readonly #believesHeld: boolean
  readonly #known = new Map<string, Known>()

  /**
   * @param others Marks beside those of the namespace, read after the caller came; `undefined` where one is not known
   *   to stand, which voids every frame (G3).
   * @param believesHeld Whether what is held will do.
   */
  constructor(namespace: NamespaceMark, others: readonly (OtherMark | undefined)[], believesHeld = true) {
    this.#namespace = namespace
    this.#others = others
    this.#believesHeld = believesHeld
  }

  /**
   * The namespace's mark, and those of these tags. Nothing to wait for where all are held.
   * @throws the store's errors; UndeliveredError for a tag.
   */
  ask(tags: readonly string[]): Promise<void> | undefined {
    return this.#learn(tags.length === 0 ? [this.#namespace] : [this.#namespace, ...this.#namespace.tags(tags)])
  }

  /** As `ask`, for what a frame carries. */
  askFor(marks: readonly Mark[]): Promise<void> | undefined {
    const unknown: NamedMark[] = []
    for (const mark of marks) {
      if (mark.kind === 'url' || this.#known.has(knownAs(mark))) continue
      unknown.push(this.#namespace.of(mark) as NamedMark)
    }
    return unknown.length === 0 ? undefined : this.#learn(unknown)
  }

  /** Reads again, in one batch, what was only held (G4). Nothing to wait for where all was read. */
  askAgain(): Promise<void> | undefined {
    const held = [...this.#known.values()].filter(({ read }) => !read).map(({ mark }) => mark)
    return held.length === 0 ? undefined : this.#readAll(held)
  }

  /** Marks beside those of the namespace that were read together with them. */
  addOthers(others: readonly (OtherMark | undefined)[]): void {
    this.#others = others
  }

  /** As it was read from the store for this caller. */
  readOf(mark: NamedMark): MarkState | undefined {
    const known = this.#known.get(knownAs(mark))
    return known?.read ? known.state : undefined
  }

  /** What a frame under these marks is worth now. */
  verdictOn(marks: readonly Mark[]): MarksVerdict {
    let others = 0
    let outdatedSince: number | undefined
    for (const mark of marks) {
      if (mark.kind === 'url') {
        const present = this.#others[others++]
        if (present?.kind !== mark.kind || present.version !== mark.version) return VOID
        // Its name counts what has made it stale.
        if (present.name !== mark.name) outdatedSince = earlier(outdatedSince, present.since)
        continue
      }
      const present = this.#known.get(knownAs(mark))?.state
      if (present !== undefined && sameVersion(mark.version, present.version)) continue
      if (mark.kind !== 'soft') return VOID
      outdatedSince = earlier(outdatedSince, present?.since)
    }
    // A frame of another kind of entry: it lacks what the reader goes by.
    if (others !== this.#others.length || marks[0]?.kind !== 'namespace') return VOID
    return outdatedSince === undefined ? VALID : { is: 'outdated', since: outdatedSince }
  }

  #learn(marks: readonly NamedMark[]): Promise<void> | undefined {
    const unheld: NamedMark[] = []
    for (const mark of marks) {
      const state = this.#believesHeld ? mark.held() : undefined
      if (state === undefined) unheld.push(mark)
      else this.#known.set(knownAs(mark), { mark, state, read: false })
    }
    return unheld.length === 0 ? undefined : this.#readAll(unheld)
  }

  async #readAll(marks: readonly NamedMark[]): Promise<void> {
    const states = await Promise.all(marks.map(presentState))
    for (const [index, mark] of marks.entries()) {
      this.#known.set(knownAs(mark), { mark, state: states[index], read: true })
    }
  }
}

const VALID: MarksVerdict = { is: 'valid' }
const VOID: MarksVerdict = { is: 'void' }

function earlier(since: number | undefined, other = 0): number {
  return since === undefined ? other : Math.min(since, other)
}

function knownAs({ kind, name }: Pick<Mark, 'kind' | 'name'>): string {
  return kind === 'namespace' ? kind : `${kind}:${name}`
}

/** A soft invalidation that is on its way to the store holds here at once: what carries the tag is stale. */
async function presentState(mark: NamedMark): Promise<MarkState | undefined> {
  try {
    return await mark.read()
  } catch (error) {
    if (mark.kind === 'soft' && error instanceof UndeliveredError) return undefined
    throw error
  }
}
