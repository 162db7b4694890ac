import type { ChangeEvent, HistoryEvent, LoadEvent, Promised, ReadEvent } from './events.js'

export type ViolationKind = 'never written' | 'of another key' | 'stale' | 'two loads under one lease'

export interface Violation {
  readonly kind: ViolationKind
  readonly text: string
}

/**
 * A load that takes longer than this may be hedged: another one begins beside it. The minimum in `docs/leases.md`, less
 * the error of clocks and timers.
 */
const HEDGED_AFTER_MS = 90
/** A claim comes before its load, so its lease may have been deleted by a change this much earlier than the load. */
const CLAIM_MS = 1_000

/**
 * Finds in a history what caches must not do, like Jepsen's checkers: by nothing but what clients saw, and when. Each
 * key is changed by one writer, one version after another.
 */
export function checkHistory(events: readonly HistoryEvent[], promised: Promised): Violation[] {
  const byKey = new Map<string, HistoryEvent[]>()
  for (const event of events) byKey.set(event.key, [...(byKey.get(event.key) ?? []), event])
  // A clear voids the leases of all its keys. Other processes may see it later.
  const cleared = events
    .filter((event) => event.kind === 'change' && event.how === 'clear')
    .map(({ begin, end }) => ({ begin, end: end + promised.clearLateMs }))
  return [...byKey.values()].flatMap((ofKey) =>
    checkKey(ofKey, { ...promised, outages: [...promised.outages, ...cleared] }),
  )
}

function checkKey(events: readonly HistoryEvent[], promised: Promised): Violation[] {
  const changes = events.filter((event) => event.kind === 'change')
  const loads = events.filter((event) => event.kind === 'load').sort((one, other) => one.begin - other.begin)
  const unleased = loads.filter(({ leased }) => !leased)
  const reads = events.filter((event) => event.kind === 'read')
  return [
    ...reads.flatMap((read) => checkRead(read, changes, unleased, promised) ?? []),
    ...checkLeases(
      loads.filter(({ leased }) => leased),
      changes,
      promised,
    ),
  ]
}

function checkRead(
  read: ReadEvent,
  changes: readonly ChangeEvent[],
  unleased: readonly LoadEvent[],
  promised: Promised,
): Violation | undefined {
  const { key, process, value } = read
  const who = `process ${process} asked for ${key} at ${read.begin.toFixed(1)}`
  if (value === undefined) return { kind: 'never written', text: `${who} and got what is no value` }
  if (value.key !== key)
    return { kind: 'of another key', text: `${who} and got version ${value.version} of ${value.key}` }
  const begun = changes.filter(({ begin }) => begin < read.end).map(({ version }) => version)
  if (value.version > Math.max(0, ...begun)) {
    return { kind: 'never written', text: `${who} and got version ${value.version}, which nobody had begun to write` }
  }
  // Without the store, callers of a process share a load, which may have begun before other processes changed the key.
  const shared = unleased.filter((load) => load.process === process && load.begin < read.begin && load.end > read.begin)
  const askedAt = Math.min(read.begin, ...shared.map(({ begin }) => begin))
  const missed = changes.find((change) => change.version > value.version && isPromised(change, read, askedAt, promised))
  if (missed === undefined) return undefined
  const what = `version ${missed.version}, by ${missed.how} in process ${missed.process}`
  return {
    kind: 'stale',
    text: `${who} and got version ${value.version}; ${what} was over at ${missed.end.toFixed(1)}`,
  }
}

function isPromised(change: ChangeEvent, read: ReadEvent, askedAt: number, promised: Promised): boolean {
  if (change.process === read.process) return change.end <= read.begin
  if (!change.delivered) return false
  const lateMs = promised.nearLateMs + (change.how === 'clear' ? promised.clearLateMs : 0)
  return change.end + lateMs <= askedAt
}

/** @param loads Under leases, in the order in which they began. */
function checkLeases(loads: readonly LoadEvent[], changes: readonly ChangeEvent[], promised: Promised): Violation[] {
  return loads.flatMap((load, index) => {
    const second = loads.slice(index + 1).find(({ begin }) => begin < Math.min(load.end, load.begin + HEDGED_AFTER_MS))
    if (second === undefined) return []
    const lost = [...changes, ...promised.outages].some(
      ({ begin, end }) => begin <= second.begin && end >= load.begin - CLAIM_MS,
    )
    if (lost) return []
    const text = `${load.key} was loaded by process ${load.process} at ${load.begin.toFixed(1)}, and by process ${second.process} at ${second.begin.toFixed(1)}`
    return [{ kind: 'two loads under one lease' as const, text }]
  })
}
