import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeFrame, encodeFrame, type Mark } from '../../../src/entry/frame.js'
import { Flight } from '../../../src/protocol/flight.js'
import { Lease } from '../../../src/protocol/lease.js'
import { Load } from '../../../src/protocol/load.js'
import { openMark } from '../../../src/protocol/mark-record.js'
import { NamedMark } from '../../../src/protocol/named-mark.js'
import { PresentMarks } from '../../../src/protocol/present-marks.js'
import type { Store, StoreEntry } from '../../../src/store/store.js'
import { findViolation } from './find-violation.js'
import { override } from './override.js'
import { NAMED_TAGS, TAGS } from './scenarios.js'

const EPOCH = '2:e::'
const SLOT_OF: Readonly<Record<string, string>> = { namespace: '2:n::', tag: '2:t::tag', soft: '2:s::tag' }

/** Many look while much is invalidated: within a hundred seeds most of what is wrong shows. */
const BUSY = { ...TAGS, processes: 3, callers: 24, writes: 12, keys: 2, gets: 0.7, spreadMs: 100 }
const BUSY_AND_NAMED = { ...BUSY, tags: 'named' } as const
const BUSY_AND_LOST = { ...BUSY, evictions: 20 }
/** Callers come while loads run. */
const SLOW_LOADS = { ...TAGS, callers: 20, loaderMs: 120, spreadMs: 400 }

/** The same marks, as they stand now. */
function presentMarks(
  marks: readonly Mark[],
  read: (slot: string) => Promise<StoreEntry | undefined>,
): Promise<Mark[]> {
  return Promise.all(
    marks.map(async (mark) => {
      const present = openMark(mark.kind, await read(SLOT_OF[mark.kind] as string))
      return present === undefined ? mark : { ...mark, version: present.version }
    }),
  )
}

/** A lease names no marks: whatever stands there now will do. */
function leasesWithoutMarks(store: Store): Store {
  const unmarked = async (entry: StoreEntry | undefined): Promise<StoreEntry | undefined> => {
    const frame = entry === undefined ? undefined : decodeFrame(entry.bytes)
    if (entry === undefined || frame?.kind !== 'lease') return entry
    const marks = await presentMarks(frame.marks, (slot) => store.get(slot))
    return { version: entry.version, bytes: encodeFrame({ ...frame, marks }) }
  }
  return override(store, {
    get: async (key) => unmarked(await store.get(key)),
    getMany: async (keys) => Promise.all(keys.map(async (key) => unmarked(await store.get(key)))),
  })
}

/** Versions of marks that count, and begin again where none stands. */
function countedMarks(store: Store): Store {
  const counted = async (key: string, bytes: Uint8Array): Promise<Uint8Array> => {
    const frame = decodeFrame(bytes)
    if (!Object.values(SLOT_OF).includes(key) || frame?.kind !== 'value') return bytes
    const standing = openMark('tag', await store.get(key))
    const count = standing === undefined ? 0 : Buffer.from(standing.version, 'latin1').readUInt32BE()
    const payload = Buffer.alloc(12)
    payload.writeUInt32BE(count + 1)
    return encodeFrame({ ...frame, payload })
  }
  return override(store, {
    set: async (key, bytes, options) => store.set(key, await counted(key, bytes), options),
    add: async (key, bytes, options) => store.add(key, await counted(key, bytes), options),
  })
}

afterEach(() => {
  vi.restoreAllMocks()
})

const { read, ensure, renew } = NamedMark.prototype

describe('a broken variant of tags is caught', { timeout: 120_000 }, () => {
  it('the version read after the load', async () => {
    const { complete } = Lease.prototype
    const { claim } = Lease
    const slotsOf = new WeakMap<Lease, Parameters<typeof claim>[0]['slots']>()
    vi.spyOn(Lease, 'claim').mockImplementation(async (terms, over) => {
      const claimed = await claim(terms, over)
      if (typeof claimed === 'object') slotsOf.set(claimed.won, terms.slots)
      return claimed
    })
    vi.spyOn(Lease.prototype, 'complete').mockImplementation(async function (this: Lease, bytes, ttl, deadline) {
      const slots = slotsOf.get(this) as NonNullable<ReturnType<typeof slotsOf.get>>
      const frame = decodeFrame(bytes) as NonNullable<ReturnType<typeof decodeFrame>>
      const marks = await presentMarks(frame.marks, (slot) => slots.readAlone(slot))
      return complete.call(this, encodeFrame({ ...frame, marks }), ttl, deadline)
    })
    expect(await findViolation(BUSY, 15)).toContain('was invalidated before')
  })

  it('versions that count, and begin again', async () => {
    expect(await findViolation({ ...BUSY_AND_LOST, breakStore: countedMarks }, 15)).toContain('was invalidated before')
  })

  it('a missing version taken as it was last seen', async () => {
    const seen = new Map<string, Awaited<ReturnType<typeof read>>>()
    vi.spyOn(NamedMark.prototype, 'read').mockImplementation(async function (this: NamedMark) {
      const state = await read.call(this)
      if (state !== undefined) seen.set(this.id, state)
      return state ?? seen.get(this.id)
    })
    vi.spyOn(NamedMark.prototype, 'ensure').mockImplementation(async function (this: NamedMark) {
      return (await this.read()) ?? ensure.call(this)
    })
    expect(await findViolation(BUSY_AND_LOST, 3)).toContain('was invalidated before')
  })

  it('a lease without versions', async () => {
    expect(await findViolation({ ...SLOW_LOADS, tagHoldMs: 50, breakStore: leasesWithoutMarks }, 48)).toContain(
      'was invalidated before',
    )
  })

  it('a joiner without a read of the tags', async () => {
    vi.spyOn(Flight.prototype, 'marksStand').mockResolvedValue(true)
    expect(await findViolation(SLOW_LOADS)).toContain('was invalidated before')
  })

  it('a soft version that is not compared', async () => {
    const { verdictOn } = PresentMarks.prototype
    vi.spyOn(PresentMarks.prototype, 'verdictOn').mockImplementation(function (this: PresentMarks, marks) {
      const verdict = verdictOn.call(this, marks)
      return verdict.is === 'outdated' ? { is: 'valid' } : verdict
    })
    expect(await findViolation(TAGS)).toContain('was invalidated before')
  })

  it('tags that the loader names, without the epoch', async () => {
    vi.spyOn(NamedMark.prototype, 'renew').mockImplementation(async function (this: NamedMark) {
      if (this.id !== EPOCH) await renew.call(this)
    })
    expect(await findViolation(NAMED_TAGS)).toContain('was invalidated before')
  })

  it('the epoch written after the tags', async () => {
    vi.spyOn(NamedMark.prototype, 'renew').mockImplementation(async function (this: NamedMark) {
      if (this.id === EPOCH) return
      await renew.call(this)
      if (this.kind !== 'namespace') await renew.call(epochBeside(this))
    })
    expect(await findViolation(BUSY_AND_NAMED, 26)).toContain('was invalidated before')
  })

  it('the epoch read before the tags', async () => {
    const before = new Map<unknown, ReturnType<typeof read>>()
    vi.spyOn(NamedMark.prototype, 'ensure').mockImplementation(async function (this: NamedMark) {
      if (this.kind === 'tag') {
        const epoch = epochBeside(this)
        const known = read.call(epoch)
        before.set(partsOf(this), known)
        await known
      }
      return ensure.call(this)
    })
    vi.spyOn(NamedMark.prototype, 'read').mockImplementation(function (this: NamedMark) {
      return (this.id === EPOCH && before.get(partsOf(this))) || read.call(this)
    })
    expect(await findViolation(BUSY_AND_NAMED, 10)).toContain('was invalidated before')
  })

  it('joiners that are answered by a load which the epoch refused', async () => {
    const { settle } = Load.prototype
    const { release } = Lease.prototype
    const refused = new Set<unknown>()
    vi.spyOn(Lease.prototype, 'release').mockImplementation(function (this: Lease, ...how) {
      if ((how as unknown[])[1] === 'abandoned') refused.add(this)
      return release.apply(this, how)
    })
    vi.spyOn(Load.prototype, 'settle').mockImplementation(async function (this: Load, result, deadline) {
      const outcome = await settle.call(this, result, deadline)
      return refused.has(this.right?.lease) ? 'won' : outcome
    })
    expect(await findViolation(NAMED_TAGS, 157)).toContain('was invalidated before')
  })
})

type Parts = ConstructorParameters<typeof NamedMark>[1]

function partsOf(mark: NamedMark): Parts {
  return (mark as unknown as { parts: Parts }).parts
}

function epochBeside(mark: NamedMark): NamedMark {
  return new NamedMark({ kind: 'namespace', name: '', slots: [EPOCH], lifeMs: 86_400_000 }, partsOf(mark))
}
