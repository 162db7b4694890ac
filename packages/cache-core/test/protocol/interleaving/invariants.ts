/**
 * What `docs/leases.md` promises, checked from outside: by what was asked for, what was answered, and when.
 *
 * - I1, no two loads while the first one's lease stands: `mostLoadsAtOnce` and `loads`, by tests in which no lease can
 *   end early. Elsewhere a lease may be deleted, evicted or outlived, and then another one loads.
 * - I2, nothing older than a returned invalidation is returned or stored.
 * - I3, every call ends: by the scenario, which knows the open calls.
 * - I4, after a crash of the holder another caller loads within `leaseMs` and one poll.
 * - I5, a load that has learnt nothing of the value that it was to replace leaves it: in scenarios in which nothing else
 *   changes a key, there is a value until that one ends.
 *
 * Not checked, since not promised:
 * - what `'journaled'` said, in other processes than the one that said it;
 * - what other processes said, for a call that the store did not answer and that its process loaded: loads without leases
 *   are shared without proof; nor for one of a process that reaches neither store nor bus, which serves what is near;
 * - a `clear` in other processes before `tagHold` is over;
 * - what is loaded while a delete holds off what is loaded, and who joins such loads;
 * - near, in other processes: what a message tells that has not come yet, or was lost and is not noticed yet;
 * - `set` and `add` of a value that is older than an invalidation under way, or that are executed late.
 */
export class Invariants {
  readonly violations: string[] = []
  loads = 0
  mostLoadsAtOnce = 0
  #running = 0
  readonly #invalidations: Invalidation[] = []
  /** Until when each key has a value, as far as loads that have learnt nothing say so. */
  readonly #left = new Map<string, number>()
  readonly #orphaned: { readonly key: string; readonly at: number }[] = []

  /** The oldest database versions that a call may be answered with which begins now. */
  required({ process, key, now, loads }: { process: string; key: string; now: number; loads: boolean }): Required {
    const binding = this.#invalidations.filter(
      (invalidation) =>
        (invalidation.key === undefined || invalidation.key === key) &&
        (!loads || now >= invalidation.loadsFrom) &&
        (invalidation.process === process || (now >= invalidation.elsewhereFrom && invalidation.isHeardBy(process))),
    )
    const own = binding.filter((invalidation) => invalidation.process === process && invalidation.lagMs === 0)
    return { withStore: newest(binding), withoutStore: newest(own) }
  }

  invalidated(invalidation: Invalidation): void {
    this.#invalidations.push(invalidation)
  }

  answered(who: string, value: number | undefined, required: number): void {
    if (value !== undefined && value < required) {
      this.violations.push(`${who} got ${value}, ${required} was invalidated before`)
    }
  }

  loadBegins(key: string, now: number, withinMs: number): void {
    this.loads++
    this.#running++
    this.mostLoadsAtOnce = Math.max(this.mostLoadsAtOnce, this.#running)
    for (const orphan of [...this.#orphaned].filter((each) => each.key === key)) {
      this.#orphaned.splice(this.#orphaned.indexOf(orphan), 1)
      if (now > orphan.at + withinMs) this.violations.push(`nobody loaded within ${withinMs} ms after the crash`)
    }
  }

  loadEnds(): void {
    this.#running--
  }

  /** @param valueUntil Of what it was to replace, where there is something. */
  learntNothing(key: string, valueUntil: number | undefined): void {
    if (valueUntil !== undefined) this.#left.set(key, valueUntil)
  }

  stands(key: string, valueUntil: number | undefined, now: number): void {
    if (valueUntil === undefined && now < (this.#left.get(key) ?? 0)) {
      this.violations.push(`a load that has learnt nothing took the value of ${key} away`)
    }
  }

  /** The process that loads has crashed while others wait for its load. */
  orphaned(key: string, now: number): void {
    this.#orphaned.push({ key, at: now })
  }

  /** At the end of a run. */
  end(): void {
    if (this.#orphaned.length > 0) this.violations.push('nobody loaded after the crash')
  }
}

export interface Required {
  readonly withStore: number
  /** For a call in a process to which the store did not answer meanwhile. */
  readonly withoutStore: number
}

function newest(invalidations: readonly Invalidation[]): number {
  return Math.max(0, ...invalidations.map(({ version }) => version))
}

interface Invalidation {
  /** `undefined`: all keys. */
  readonly key: string | undefined
  readonly version: number
  /** Where it holds from the moment it has returned. */
  readonly process: string
  /** When it holds in every process, */
  readonly elsewhereFrom: number
  /** When it holds for what is loaded: at once, or when what is held off is over. */
  readonly loadsFrom: number
  readonly lagMs: number
  /** as soon as its near cache has heard of it, or is off. */
  readonly isHeardBy: (process: string) => boolean
}
