import { type Cluster, PingState } from 'couchbase'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DeadConnections } from '../src/dead-connections.js'

// A node that answers strangers.
vi.mock('../src/ask-node.js', () => ({ askNode: async () => 'answers' }))

/** A cluster with one dead connection. */
const cluster = {
  ping: async () => ({ services: { kv: [{ state: PingState.Timeout, remote: '127.0.0.1:11210' }] } }),
} as unknown as Cluster

describe('dead connections', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => vi.useRealTimers())

  /** Looks every 100 ms, as operations that are not answered have it do. When they were found, in milliseconds. */
  async function found(dead: DeadConnections, times: number[], forMs: number): Promise<number[]> {
    const startedAt = performance.now()
    times.length = 0
    for (let at = 0; at < forMs; at += 100) {
      await dead.lookIn(cluster, false)
      vi.advanceTimersByTime(100)
    }
    return times.map((time) => time - startedAt)
  }

  it('are found at longer and longer intervals where the new ones are as dead, and at once when they die anew', async () => {
    const times: number[] = []
    const dead = new DeadConnections(() => times.push(performance.now()))
    expect(await found(dead, times, 9_000)).toEqual([0, 300, 800, 1_800, 3_800, 7_800])
    vi.advanceTimersByTime(20_000)
    for (let fault = 0; fault < 6; fault++) {
      expect((await found(dead, times, 200))[0]).toBe(0)
      vi.advanceTimersByTime(5_000)
    }
  })
})
