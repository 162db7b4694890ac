import { sameVersion } from './mark-record.js'

/** A version of a mark that near entries depend on, shared by all that carry it. */
export interface Standing {
  /** The mark's id: its slot. */
  readonly id: string
  /** `undefined`: whatever it was when the store did not answer. */
  readonly version: string | undefined
  /** False as soon as the mark is known to have another version: that voids all entries under it at once. */
  valid: boolean
  entries: number
}

/** Most changed marks remembered, for reads that were under way meanwhile. */
const MAX_CHANGED = 1_000
/** Most characters of their names. */
const MAX_CHANGED_CHARACTERS = 1_000_000

/**
 * The marks that near entries carry. An invalidation of a namespace or tag voids all entries under it in one step, without
 * a search; a hit only checks a flag. Bounded by the entries.
 */
export class Standings {
  #standings = new Map<string, Standing>()
  /** When a mark was last changed, counted in changes; those changed longest ago are forgotten. */
  readonly #changed = new Map<string, number>()
  #changedCharacters = 0
  #changes = 0
  /** The last change among those that are forgotten. */
  #floor = 0

  /** The present point in the order of changes. */
  get position(): number {
    return this.#changes
  }

  /** Whether the mark was changed after that point, as far as is remembered. */
  hasChangedSince(id: string, position: number): boolean {
    return (this.#changed.get(id) ?? this.#floor) > position
  }

  /** The standing that an entry under this version of the mark depends on. */
  take(id: string, version: string | undefined): Standing {
    let standing = this.#standings.get(id)
    // An entry made without knowing the version takes the present standing: it is newer than any news of the mark.
    if (standing !== undefined && version !== undefined && !isSame(standing.version, version)) {
      this.void(id)
      standing = undefined
    }
    if (standing === undefined) {
      standing = { id, version, valid: true, entries: 0 }
      this.#standings.set(id, standing)
    }
    standing.entries++
    return standing
  }

  /** An entry that depended on it is gone. */
  release(standing: Standing): void {
    if (--standing.entries === 0 && standing.valid) this.#standings.delete(standing.id)
  }

  /** All entries are gone. */
  releaseAll(): void {
    this.#standings = new Map()
  }

  /** Whether any entry depends on the mark under another version. */
  contradicts(id: string, version: string | undefined): boolean {
    const standing = this.#standings.get(id)
    return standing !== undefined && !isSame(standing.version, version)
  }

  /** The mark has another version from now on. */
  void(id: string): void {
    if (!this.#changed.delete(id)) this.#changedCharacters += id.length
    this.#changed.set(id, ++this.#changes)
    while (this.#changed.size > MAX_CHANGED || this.#changedCharacters > MAX_CHANGED_CHARACTERS) this.#forgetOldest()
    const standing = this.#standings.get(id)
    if (standing === undefined) return
    standing.valid = false
    this.#standings.delete(id)
  }

  #forgetOldest(): void {
    for (const [id, change] of this.#changed) {
      this.#floor = change
      this.#changed.delete(id)
      this.#changedCharacters -= id.length
      return
    }
  }
}

function isSame(then: string | undefined, now: string | undefined): boolean {
  return then !== undefined && now !== undefined && sameVersion(then, now)
}
