import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { checkHistory, type Violation } from '../src/history/check.js'
import { Crew, type History } from '../src/history/crew.js'
import type { Promised } from '../src/history/events.js'
import type { Bug } from '../src/history/planted.js'
import { TAG_HOLD_MS } from '../src/history/terms.js'
import { FaultProxy } from '../src/wire/fault-proxy.js'

const LONG = process.env.TIERCEL_LONG !== undefined
const FOR_MS = LONG ? 60_000 : 2_500
/** A planted bug shows in one of these, mostly in the first. */
const BUG_MS = 400
const BUG_PLAYS = 75
const TEST_MS = 180_000
/** Promised are two seconds where a message is lost; the rest is for busy machines. */
const NEAR_LATE_MS = 4_000
/** Deadlines that a busy machine does not miss. */
const PATIENT = '5s'
const STRICT: Promised = { clearLateMs: TAG_HOLD_MS, nearLateMs: 0, outages: [] }

/** Those behind whose address a line can stand: the others tell their clients where they are. */
const HAVE_LINES: readonly string[] = ['redis', 'memcached']
const servers = await Promise.all(
  (['redis', 'memcached', 'couchbase', 'hazelcast'] as const).map(async (engine) => ({
    engine,
    server: await startServer(engine),
  })),
)
const crew = await Crew.start(3)
const lines: FaultProxy[] = []
afterAll(async () => {
  await crew.stop()
  for (const line of lines) line.close()
  await Promise.all(servers.map(({ server }) => server?.stop()))
})

interface Terms {
  readonly url: string
  readonly bug?: Bug
  readonly near?: boolean
  readonly forMs?: number
  readonly impatient?: boolean
  readonly loadMs?: number
}

function play({ url, bug, near = false, forMs = FOR_MS, impatient = false, loadMs = 5 }: Terms): Promise<History> {
  return crew.play({
    url,
    prefix: `history-${randomUUID().slice(0, 8)}`,
    forMs,
    loadMs,
    storeTimeout: impatient ? { read: 50, write: 200 } : PATIENT,
    near,
    sets: !impatient,
    bug,
  })
}

async function lineTo(url: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(url)
  const line = await FaultProxy.to(hostname, Number(port))
  lines.push(line)
  return line
}

function said(history: History, promised: Promised): Violation[] {
  expect(history.events.length).toBeGreaterThan(20)
  return checkHistory(history.events, promised)
}

describe.each(servers)('histories of three processes on $engine', { timeout: TEST_MS }, ({ engine, server }) => {
  const url = server?.url ?? ''

  it.skipIf(server === undefined)('hold nothing that is not promised', async () => {
    const history = await play({ url })
    expect(history.errors).toEqual([])
    expect(said(history, STRICT)).toEqual([])
    const changes = history.events.filter(({ kind }) => kind === 'change')
    expect(changes.length).toBeGreaterThan(2)
  })

  it.skipIf(server === undefined || server.external)('nor do they while a fault follows the other', async () => {
    const line = HAVE_LINES.includes(engine) ? await lineTo(url) : undefined
    const playing = play({ url: line === undefined ? url : `${engine}://${line.address}`, impatient: true })
    const until = performance.now() + FOR_MS
    const faults = [
      () => server?.freeze(),
      ...(line === undefined
        ? []
        : [
            () => line.set({ silent: 'all' }),
            () => line.reset(),
            () => line.set({ latencyMs: 120 }),
            () => line.set({ cutAfterBytes: 3_000 }),
            () => line.set({ silent: 'standing' }),
          ]),
    ]
    for (let turn = 0; performance.now() < until; turn++) {
      await delay(200)
      await faults[turn % faults.length]?.()
      await delay(200)
      await server?.thaw()
      line?.mend()
    }
    const history = await playing
    expect(history.errors).toEqual([])
    expect(said(history, { ...STRICT, outages: [{ begin: 0, end: Number.POSITIVE_INFINITY }] })).toEqual([])
  })
})

const redis = servers.find(({ engine }) => engine === 'redis')?.server

describe.skipIf(redis === undefined)('histories of three processes', { timeout: TEST_MS }, () => {
  const url = redis?.url ?? ''

  it('hold nothing that is not promised with near caches, either', async () => {
    const history = await play({ url, near: true })
    expect(history.errors).toEqual([])
    expect(said(history, { ...STRICT, nearLateMs: NEAR_LATE_MS })).toEqual([])
  })

  it.each([
    ['deletes get lost', 'stale'],
    ['compareAndSet asks for no version', 'stale'],
    ['every add wins', 'two loads under one lease'],
    ['reads find the neighbour', 'of another key'],
    ['clears get lost', 'stale'],
    ['values are decoded wrong', 'never written'],
  ] as const)('show it when %s: %s', async (bug, kind) => {
    const seen = new Set<string>()
    for (let turn = 0; turn < BUG_PLAYS && !seen.has(kind); turn++) {
      const history = await play({ url, bug, forMs: BUG_MS, loadMs: 20 })
      for (const violation of checkHistory(history.events, STRICT)) seen.add(violation.kind)
    }
    expect([...seen]).toContain(kind)
  })
})
