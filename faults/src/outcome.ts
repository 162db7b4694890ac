import type { Scenario } from './scenarios/scenario.js'
import type { Request } from './traffic/client.js'

/** A line of the table. Times in milliseconds; those of requests are of what was asked during the fault. */
export interface Outcome {
  readonly engine: string
  readonly fault: string
  readonly requests: number
  readonly errors: readonly string[]
  readonly p50: number
  readonly p99: number
  readonly worst: number
  /** As `p99`, of what was asked later than two seconds into the fault: breakers have had their time. */
  readonly settledP99: number
  /** The share of requests that the store answered during the fault. */
  readonly hits: number
  /** The same for keys on the servers that did not fail, where others did. */
  readonly liveHits: number | undefined
  /** Loads during the fault, of all clients. */
  readonly loads: number
  /** How long the loads took at the median, in the same time: what a busy machine adds to all else shows here. */
  readonly loadP50: number
  /** From the end of the fault until each client has had a hit; `undefined`: the fault does not end, or no hit came. */
  readonly recoveryMs: number | undefined
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
  readonly begunAt: number
  readonly endingAt: number
  /** Keys on servers that did not fail. */
  readonly live: ReadonlySet<string> | undefined
  readonly loadTimes: readonly number[]
  readonly recoveryMs: number | undefined
  readonly deliveredMs: number | undefined
}

const SETTLED_AFTER_MS = 2_000

export function summarize(observed: Observed): Outcome {
  const { scenario, requests, errors, begunAt, endingAt, live } = observed
  const during = requests.filter(({ startedAt }) => startedAt >= begunAt && startedAt < endingAt)
  const times = inOrder(during.map(({ ms }) => ms))
  const settled = during.filter(({ startedAt }) => startedAt >= begunAt + SETTLED_AFTER_MS)
  const told = (what: 'error' | 'wrong' | 'stale'): string[] => requests.flatMap((request) => request[what] ?? [])
  return {
    engine: scenario.engine,
    fault: scenario.fault.name,
    requests: during.length,
    errors: [...told('error'), ...errors],
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    worst: percentile(times, 1),
    settledP99: percentile(inOrder(settled.map(({ ms }) => ms)), 0.99),
    hits: shareOfHits(during),
    liveHits: live && shareOfHits(during.filter(({ key }) => live.has(key))),
    loads: observed.loadTimes.length,
    loadP50: percentile(inOrder(observed.loadTimes), 0.5),
    recoveryMs: observed.recoveryMs,
    deliveredMs: observed.deliveredMs,
    wrong: told('wrong'),
    stale: told('stale'),
  }
}

function shareOfHits(requests: readonly Request[]): number {
  return requests.filter(({ hit }) => hit).length / requests.length
}

function inOrder(times: readonly number[]): number[] {
  return [...times].sort((one, other) => one - other)
}

/** Of sorted times; `NaN` where there is none. */
function percentile(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
}
