import { channel } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/base/errors.js'
import { RefusableCapabilities } from '../../../src/store/kit/refusable-capabilities.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'

const declared = { ...memoryStore().capabilities, increment: true, bus: false }

describe('capabilities that a server can refuse', () => {
  const heard: unknown[] = []
  const warnings = channel('tiercel:store-warning')
  const listener = (message: unknown): void => void heard.push(message)
  afterEach(() => {
    warnings.unsubscribe(listener)
    heard.length = 0
  })

  it('go at the first refusal, which is told once, and come back when a probe succeeds', async () => {
    warnings.subscribe(listener)
    const clock = new FakeClock()
    const capabilities = new RefusableCapabilities('engine', declared, clock)
    const probes: number[] = []
    let refuses = true
    const probe = async (): Promise<void> => {
      probes.push(clock.monotonic())
      if (refuses) throw new Error('still')
    }
    expect(capabilities.present).toBe(declared)
    capabilities.require('compareAndSet', 'compareAndSet')
    for (let round = 0; round < 3; round++) capabilities.refuse('compareAndSet', 'no EVAL', probe)
    expect(capabilities.present).toEqual({ ...declared, compareAndSet: false })
    expect(() => capabilities.require('compareAndSet', 'compareAndDelete')).toThrow(UnsupportedError)
    expect(() => capabilities.require('compareAndSet', 'compareAndDelete')).toThrow('engine: no EVAL')
    expect(heard).toEqual([{ store: 'engine', message: 'no EVAL' }])

    await clock.advance(120_000)
    // Ever more seldom, and not at the same moment in every process.
    const pauses = probes.map((at, index) => at - (probes[index - 1] ?? 0))
    expect(pauses[0]).toBeGreaterThan(300)
    expect(pauses[0]).toBeLessThanOrEqual(500)
    expect(Math.max(...pauses)).toBeGreaterThan(10_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000)

    refuses = false
    await clock.advance(15_000)
    expect(capabilities.present).toEqual(declared)
    expect(clock.pending).toBe(0)
    capabilities.refuse('compareAndSet', 'no EVAL', probe)
    expect(capabilities.present.compareAndSet).toBe(false)
    expect(heard).toHaveLength(1)
  })

  it('go and come one by one, and what was never declared is not asked for', async () => {
    const clock = new FakeClock()
    const capabilities = new RefusableCapabilities('engine', declared, clock)
    capabilities.refuse('touch', 'no PEXPIRE', async () => {})
    capabilities.refuse('increment', 'no INCRBY', () => Promise.reject(new Error('still')))
    capabilities.refuse('bus', 'no PUBLISH', async () => {})
    expect(clock.pending).toBe(2)
    await clock.advance(1_000)
    expect(capabilities.present).toEqual({ ...declared, increment: false })
  })

  it('are told by the operation that was refused, also where no capability stands for it', async () => {
    warnings.subscribe(listener)
    const clock = new FakeClock()
    const capabilities = new RefusableCapabilities('engine', declared, clock)
    const probed: string[] = []
    const probe = async (name: string): Promise<void> => void probed.push(name)
    for (const operation of ['compareAndDelete', 'get', 'get', 'delete'])
      capabilities.refused(operation, 'NOPERM', probe)
    expect(capabilities.present).toEqual({ ...declared, compareAndSet: false })
    expect(heard).toEqual(
      [
        'the server refuses what compareAndDelete needs (NOPERM): no leases are taken, and getOrSet stores nothing',
        'the server refuses what get needs (NOPERM): every read is a miss',
        'the server refuses what delete needs (NOPERM): no delete reaches other processes',
      ].map((message) => ({ store: 'engine', message })),
    )
    await clock.advance(1_000)
    expect(probed).toEqual(['compareAndSet'])
  })

  it('are not asked for after close', async () => {
    const clock = new FakeClock()
    const capabilities = new RefusableCapabilities('engine', declared, clock)
    const refused = (): Promise<void> => Promise.reject(new Error('still'))
    capabilities.refuse('touch', 'no PEXPIRE', refused)
    capabilities.close()
    capabilities.refuse('increment', 'no INCRBY', refused)
    expect(clock.pending).toBe(0)
    capabilities.require('touch', 'touch')
  })
})
