import type { Mark } from '../entry/frame.js'
import type { LoadLease } from './lease.js'
import type { LoadRight } from './load.js'
import type { MarkRecord } from './mark-record.js'
import type { NamedMark } from './marks.js'

/** What is claimed, and under which marks. */
export interface ClaimTerms {
  readonly namespace: NamedMark
  /** Marks beside the namespace's, read after the caller came. */
  readonly marks: readonly Mark[]
}

/**
 * The right to load: a lease or a refresh, claimed under marks that were read from the store before the load (G2). The
 * claim need not wait for that read where a mark is held: it goes out under the held one, at the same time. Versions are
 * never used twice, so an equal one has stood all along; what was claimed under another is given back.
 *
 * @param read The namespace's mark, where it was read from the store for this caller.
 * @param send Claims under this mark.
 * @returns the right; `'unproven'` where the mark has changed, `'no-store'` where it cannot be read; or what `send` says.
 */
export async function claimUnderMarks<Refused extends string>(
  { namespace, marks }: ClaimTerms,
  read: MarkRecord | undefined,
  send: (namespaceMark: MarkRecord) => Promise<{ readonly won: LoadLease } | Refused>,
): Promise<LoadRight | Refused | 'unproven' | 'no-store'> {
  const held = read === undefined ? namespace.held() : undefined
  try {
    if (held === undefined) {
      const namespaceMark = read ?? (await namespace.ensure())
      const claim = await send(namespaceMark)
      return typeof claim === 'object' ? { lease: claim.won, namespaceMark, others: marks } : claim
    }
    const [claim, present] = await Promise.all([send(held), namespace.ensure().catch(() => undefined)])
    if (present?.version === held.version) {
      return typeof claim === 'object' ? { lease: claim.won, namespaceMark: present, others: marks } : claim
    }
    if (typeof claim === 'object') void claim.won.release('write', 'abandoned')
    return present === undefined ? 'no-store' : 'unproven'
  } catch {
    return 'no-store'
  }
}
