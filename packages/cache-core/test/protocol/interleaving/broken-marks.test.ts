import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeFrame, encodeFrame, type Mark } from '../../../src/entry/frame.js'
import {
  encodeMark,
  joinParts,
  type MarkRecord,
  type MarkState,
  openMark,
  sameVersion,
} from '../../../src/protocol/mark-record.js'
import { NamedMark } from '../../../src/protocol/named-mark.js'
import type { Slots } from '../../../src/protocol/slots.js'
import type { Store, StoreEntry } from '../../../src/store/store.js'
import { findViolation } from './find-violation.js'
import { override } from './override.js'
import type { ScenarioOptions } from './scenario-options.js'
import { LOST_MARKS, THREE_SLOTS } from './scenarios.js'

/** Writers that clear, readers that only look: what is wrong with marks shows on hits. */
const ONE_SLOT: ScenarioOptions = { ...LOST_MARKS, gets: 0.7, keys: 2, writes: 6, outages: 12 }
const OF_THREE: ScenarioOptions = { ...THREE_SLOTS, gets: 0.7, keys: 2, writes: 6, outages: 16 }

const { ensure, read, renew } = NamedMark.prototype

function slotsOf(mark: NamedMark): Slots {
  return (mark as unknown as { parts: { slots: Slots } }).parts.slots
}

/** A mark that is missing in a slot is seeded as this process knew it last. */
function seedAsHeld(): void {
  const known = new WeakMap<Slots, Map<string, MarkState>>()
  vi.spyOn(NamedMark.prototype, 'ensure').mockImplementation(async function (this: NamedMark) {
    const slots = slotsOf(this)
    const held = known.get(slots) ?? new Map<string, MarkState>()
    known.set(slots, held)
    const last = held.get(this.id)
    for (const [index, part] of (last?.parts ?? []).entries()) {
      const slot = slots.spread(this.id)[index]
      if (part !== undefined && slot !== undefined) await slots.add(slot, encodeMark(part), 60_000).catch(() => {})
    }
    const state = await ensure.call(this)
    held.set(this.id, state)
    return state
  })
}

/** On a hit what its marks are now is written into the frame. */
function frameRenewedOnHit(slotNames: readonly string[]) {
  return (store: Store): Store => {
    const renewed = async (key: string, entry: StoreEntry | undefined): Promise<StoreEntry | undefined> => {
      const frame = entry === undefined ? undefined : decodeFrame(entry.bytes)
      if (entry === undefined || frame?.kind !== 'value' || !key.startsWith('2:v:')) return entry
      const parts: (MarkRecord | undefined)[] = []
      for (const slot of slotNames) parts.push(openMark('namespace', await store.get(slot)))
      const present = joinParts('namespace', '', parts)
      const [mark] = frame.marks as readonly Mark[]
      if (present === undefined || mark === undefined || !sameVersion(mark.version, present.version)) return entry
      if (mark.version === present.version) return entry
      const bytes = encodeFrame({ ...frame, marks: [{ ...mark, version: present.version }] })
      const version = await store.compareAndSet(key, entry.version, bytes, { ttl: 60_000 })
      return version === undefined ? entry : { bytes, version }
    }
    return override(store, {
      get: async (key) => renewed(key, await store.get(key)),
      getMany: async (keys) => Promise.all(keys.map(async (key) => renewed(key, await store.get(key)))),
    })
  }
}

/** A driver that sends the write of a mark once more, when another one has been written since. */
function repeatsRenewals(store: Store): Store {
  const earlier = new Map<string, Uint8Array>()
  return override(store, {
    async set(key, bytes, options) {
      await store.set(key, bytes, options)
      if (!/2:[nste]:/.test(key)) return
      const before = earlier.get(key)
      earlier.set(key, bytes)
      if (before !== undefined) await store.set(key, before, options)
    },
  })
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a broken variant of marks is caught', { timeout: 180_000 }, () => {
  it('one slot: believed while it cannot be read, as it was read last, without end', async () => {
    const scenario = { ...ONE_SLOT, markGraceMs: 10_000 }
    // Promised as if there were no grace.
    expect(await findViolation({ ...scenario, promisedGraceMs: 0 }, 37)).toContain('was invalidated before')
  })

  it('one slot: a missing mark seeded as it was held', async () => {
    seedAsHeld()
    expect(await findViolation(ONE_SLOT, 163)).toContain('was invalidated before')
  })

  it('one slot: a driver that repeats the write of a mark', async () => {
    expect(await findViolation({ ...ONE_SLOT, breakStore: repeatsRenewals })).toContain('was invalidated before')
  })

  it('three slots: a missing mark seeded as it was held', async () => {
    seedAsHeld()
    expect(await findViolation(OF_THREE, 964)).toContain('was invalidated before')
  })

  it("three slots: a frame's marks renewed on a hit", async () => {
    const names: string[] = []
    vi.spyOn(NamedMark.prototype, 'read').mockImplementation(function (this: NamedMark) {
      if (names.length === 0) names.push(...slotsOf(this).spread('2:n::'))
      return read.call(this)
    })
    expect(await findViolation({ ...OF_THREE, breakStore: frameRenewedOnHit(names) }, 824)).toContain(
      'was invalidated before',
    )
  })

  it('three slots: delivered with one write', async () => {
    vi.spyOn(NamedMark.prototype, 'renew').mockImplementation(async function (this: NamedMark) {
      await renew.call(this).catch(() => {})
    })
    expect(await findViolation(OF_THREE, 125)).toContain('was invalidated before')
  })
})
