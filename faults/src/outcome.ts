import type { Scenario } from './scenarios/scenario.js'
import type { Load, Request } from './traffic/client.js'
import type { Witness } from './traffic/witness.js'

/** A row of the table. Times are in milliseconds; those of requests are of requests made during the fault. */
export interface Outcome {
  readonly scenario: Scenario
  readonly engine: string
  readonly fault: string
  readonly requests: number
  readonly errors: readonly string[]
  readonly p50: number
  readonly p99: number
  readonly worst: number
  /**
   * What calls that loaded took beyond their load, if made more than two seconds into the fault, when breakers have had
   * their time.
   */
  readonly settledOverP99: number
  /**
   * Operations of callers that were given up at their deadline; in `settledMissed` those after two seconds, without
   * those while the witness was answered late, too.
   */
  readonly missed: number
  readonly settledMissed: number
  /** The share of requests that the store answered during the fault. */
  readonly hits: number
  /** The same for keys on the servers that did not fail, if others did. */
  readonly liveHits: number | undefined
  /** Loads of all clients during the fault. */
  readonly loads: number
  /** Loads of keys that nobody changes. */
  readonly hotLoads: number
  /** How often near caches were emptied before the fault ended. */
  readonly nearDrops: number
  /** Median time of the loads in the same period: it shows how much a busy machine adds to everything. */
  readonly loadP50: number
  /**
   * From the end of the fault until each client has had a hit; `undefined` if the fault does not end, or no hit came.
   */
  readonly recoveryMs: number | undefined
  /** For how much of that time the same server answered in time to a witness that came when the fault ended. */
  readonly wellUntilBackMs: number | undefined
  /** From the end of the fault until the store had heard every invalidation. */
  readonly deliveredMs: number | undefined
  readonly wrong: readonly string[]
  readonly stale: readonly string[]
}

interface Observed {
  readonly scenario: Scenario
  readonly requests: readonly Request[]
  /** Of invalidations. */
  readonly errors: readonly string[]
  readonly beginsAt: number
  readonly begunAt: number
  readonly endingAt: number
  /** Keys on servers that did not fail. */
  readonly live: ReadonlySet<string> | undefined
  readonly loads: readonly Load[]
  readonly hotLoads: number
  readonly nearDrops: number
  /** When deadlines were missed. */
  readonly missed: readonly number[]
  readonly witness: Witness | undefined
  readonly recoveryMs: number | undefined
  readonly wellUntilBackMs: number | undefined
  readonly deliveredMs: number | undefined
}

const SETTLED_AFTER_MS = 2_000

export function summarize(observed: Observed): Outcome {
  const { scenario, requests, errors, beginsAt, begunAt, endingAt, live, loads, witness } = observed
  const during = requests.filter(({ startedAt }) => startedAt >= begunAt && startedAt < endingAt)
  const times = inOrder(during.map(({ ms }) => ms))
  const settledAt = begunAt + SETTLED_AFTER_MS
  const settled = during.filter(({ startedAt, hit }) => startedAt >= settledAt && !hit)
  const missed = observed.missed.filter((at) => at >= beginsAt && at < endingAt)
  const told = (what: 'error' | 'wrong' | 'stale'): string[] => requests.flatMap((request) => request[what] ?? [])
  return {
    scenario,
    engine: scenario.engine,
    fault: scenario.fault.name,
    requests: during.length,
    errors: [...told('error'), ...errors],
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    worst: percentile(times, 1),
    settledOverP99: percentile(inOrder(settled.map(({ overMs }) => overMs)), 0.99),
    missed: missed.length,
    // Operations that began before may be given up a deadline later.
    settledMissed: missed.filter(
      (at) => at >= settledAt + LONGEST_DEADLINE_MS && !witness?.wasLate(at - LONGEST_DEADLINE_MS, at),
    ).length,
    hits: shareOfHits(during),
    liveHits: live && shareOfHits(during.filter(({ key }) => live.has(key))),
    loads: loads.length,
    hotLoads: observed.hotLoads,
    nearDrops: observed.nearDrops,
    loadP50: percentile(inOrder(loads.map(({ ms }) => ms)), 0.5),
    recoveryMs: observed.recoveryMs,
    wellUntilBackMs: observed.wellUntilBackMs,
    deliveredMs: observed.deliveredMs,
    wrong: told('wrong'),
    stale: told('stale'),
  }
}

/** The deadline of writes. */
const LONGEST_DEADLINE_MS = 200

function shareOfHits(requests: readonly Request[]): number {
  return requests.filter(({ hit }) => hit).length / requests.length
}

function inOrder(times: readonly number[]): number[] {
  return [...times].sort((one, other) => one - other)
}

/** A percentile of sorted times; `NaN` if there are none. */
function percentile(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
}
