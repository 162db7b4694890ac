import { sameVersion } from './mark-record.js'

/** A version of a mark as near entries depend on it, shared by all that carry it. */
export interface Standing {
  /** The mark's id: its slot. */
  readonly id: string
  /** `undefined`: as it stood when the store did not answer. */
  readonly version: string | undefined
  /** False as soon as the mark is known, or told, to have another version: all entries under it are void at once. */
  valid: boolean
  entries: number
}

/**
 * The marks that near entries carry. An invalidation of a namespace or tag voids all its entries in one step, without
 * looking for them; a hit looks at a flag. Bounded by the entries.
 */
export class Standings {
  readonly #standings = new Map<string, Standing>()

  /** The standing that an entry under this version of the mark depends on. */
  take(id: string, version: string | undefined): Standing {
    let standing = this.#standings.get(id)
    // Who does not know the version takes what stands: an entry made now is newer than all that was told of the mark.
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

  /** Whether any entry depends on the mark under another version. */
  contradicts(id: string, version: string | undefined): boolean {
    const standing = this.#standings.get(id)
    return standing !== undefined && !isSame(standing.version, version)
  }

  void(id: string): void {
    const standing = this.#standings.get(id)
    if (standing === undefined) return
    standing.valid = false
    this.#standings.delete(id)
  }
}

function isSame(then: string | undefined, now: string | undefined): boolean {
  return then !== undefined && now !== undefined && sameVersion(then, now)
}
