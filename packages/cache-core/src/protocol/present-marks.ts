import { UndeliveredError } from '../base/errors.js'
import type { Mark } from '../entry/frame.js'
import { type MarkState, sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'
import type { NamedMark } from './named-mark.js'

/**
 * What its marks say about a frame. `'outdated'`: soft tags have changed, so the frame is stale since then, by the wall
 * clock; 0 where that is not known.
 */
export type MarksVerdict = { readonly is: 'valid' | 'void' } | { readonly is: 'outdated'; readonly since: number }

/** A mark beside those of the namespace; `since`: when it last changed, wall clock. */
export type OtherMark = Mark & { readonly since?: number }

interface Known {
  readonly mark: NamedMark
  readonly state: MarkState | undefined
  /** Whether it was read from the store for this caller; otherwise it was held. */
  readonly read: boolean
}

/**
 * The present marks, as far as one caller knows them: held ones, and those that were read for it, each request in one
 * batch.
 */
export class PresentMarks {
  readonly #namespace: NamespaceMark
  #others: readonly (OtherMark | undefined)[]
  readonly #believesHeld: boolean
  readonly #known = new Map<string, Known>()

  /**
   * @param others Marks beside those of the namespace, read after the caller came; `undefined` where one is not known
   *   to stand, which voids every frame (G3).
   * @param believesHeld Whether held marks will do. Default `true`.
   */
  constructor(namespace: NamespaceMark, others: readonly (OtherMark | undefined)[], believesHeld = true) {
    this.#namespace = namespace
    this.#others = others
    this.#believesHeld = believesHeld
  }

  /**
   * Learns the namespace's mark and those of these tags. `undefined` where all are held, so that there is nothing to await.
   * @throws the store's errors; UndeliveredError for a tag.
   */
  ask(tags: readonly string[]): Promise<void> | undefined {
    return this.#learn(tags.length === 0 ? [this.#namespace] : [this.#namespace, ...this.#namespace.tags(tags)])
  }

  /** As `ask`, for the marks that a frame carries. */
  askFor(marks: readonly Mark[]): Promise<void> | undefined {
    const unknown: NamedMark[] = []
    for (const mark of marks) {
      if (mark.kind === 'url' || this.#known.has(knownAs(mark))) continue
      unknown.push(this.#namespace.of(mark) as NamedMark)
    }
    return unknown.length === 0 ? undefined : this.#learn(unknown)
  }

  /** Reads the marks that were only held, in one batch (G4). `undefined` where there are none. */
  askAgain(): Promise<void> | undefined {
    const held = [...this.#known.values()].filter(({ read }) => !read).map(({ mark }) => mark)
    return held.length === 0 ? undefined : this.#readAll(held)
  }

  /** Adds marks beside those of the namespace, read in the same batch. */
  addOthers(others: readonly (OtherMark | undefined)[]): void {
    this.#others = others
  }

  /** The mark as it was read from the store for this caller; `undefined` where it was not. */
  readOf(mark: NamedMark): MarkState | undefined {
    const known = this.#known.get(knownAs(mark))
    return known?.read ? known.state : undefined
  }

  /** Whether a frame with these marks is valid now. */
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
    // A frame of another kind of entry: it lacks marks that the reader depends on.
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

/** While a soft invalidation is on its way to the store, it counts in this process already: what carries the tag is stale. */
async function presentState(mark: NamedMark): Promise<MarkState | undefined> {
  try {
    return await mark.read()
  } catch (error) {
    if (mark.kind === 'soft' && error instanceof UndeliveredError) return undefined
    throw error
  }
}
