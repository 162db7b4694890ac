import type { Mark } from '../entry/frame.js'
import type { LoadLease } from './lease.js'
import type { LoadRight } from './load.js'
import { type MarkState, sameVersion } from './mark-record.js'
import type { NamespaceMark } from './marks.js'
import type { PresentMarks } from './present-marks.js'

/** What is claimed, and under which marks. */
export interface ClaimTerms {
  readonly namespace: NamespaceMark
  /** The tags that are known before the load. */
  readonly tags: readonly string[]
  /** Whether the loader may name more. */
  readonly namesTags: boolean
  /** Marks beside those of the namespace, read after the caller came. */
  readonly marks: readonly Mark[]
}

/**
 * Claims the right to load, a lease or a refresh, under marks that were read from the store before the load (G2). Where all
 * marks are held, the claim goes out under those, at the same time as the read. A version is never used twice, so one that
 * is equal afterwards has stood all along; a claim under any other is given back.
 *
 * @param present The marks as they were read from the store for this caller, as far as they were.
 * @param send Claims under these marks.
 * @returns the right; `'unproven'` where a mark has changed, `'no-store'` where one cannot be read; or what `send` says.
 */
export async function claimUnderMarks<Refused extends string>(
  terms: ClaimTerms,
  present: PresentMarks | undefined,
  send: (marks: readonly Mark[]) => Promise<{ readonly won: LoadLease } | Refused>,
): Promise<LoadRight | Refused | 'unproven' | 'no-store'> {
  const { namespace, tags, marks: others } = terms
  const named = tags.length === 0 ? [namespace] : [namespace, ...namespace.tags(tags)]
  const read = named.map((mark) => present?.readOf(mark))
  const known = named.map((mark, index) => read[index] ?? mark.held())
  const ensuring = Promise.all(named.map((mark, index) => read[index] ?? mark.ensure()))
  const knowingEpoch = epochOf(terms)
  try {
    const waits = read.every((state) => state !== undefined) || known.some((state) => state === undefined)
    const under = waits ? await ensuring : (known as readonly MarkState[])
    const [claim, states, epoch] = await Promise.all([
      send([under[0] as MarkState, ...others, ...under.slice(1)]),
      ensuring.catch(() => undefined),
      knowingEpoch,
    ])
    if (states?.every((state, index) => sameVersion((under[index] as MarkState).version, state.version))) {
      return typeof claim === 'object' ? { lease: claim.won, states, others, epoch } : claim
    }
    if (typeof claim === 'object') void claim.won.release('write', 'abandoned')
    return states === undefined ? 'no-store' : 'unproven'
  } catch {
    return 'no-store'
  }
}

/** G5. A held one will do: the older it is, the more it proves. Without it a value tagged by its loader is not stored. */
async function epochOf({ namespace, namesTags }: ClaimTerms): Promise<MarkState | undefined> {
  if (!namesTags) return undefined
  try {
    return namespace.epoch.held() ?? (await namespace.epoch.ensure())
  } catch {
    return undefined
  }
}
