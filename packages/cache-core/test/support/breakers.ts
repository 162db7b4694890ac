import { channel } from 'node:diagnostics_channel'
import { afterEach, beforeEach } from 'vitest'
import type { DiagnosticEvents } from '../../src/base/diagnostics.js'
import { type GuardedStore, guardStore } from '../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type FaultControls, faultyStore } from '../../src/testing/faulty-store.js'

export const READ_MS = 50

/** What breakers have reported since the test began, in files that call `hearBreakers`. */
export const heard: DiagnosticEvents['breaker'][] = []
const listener = (message: unknown): void => void heard.push(message as DiagnosticEvents['breaker'])

/** Each file has to call this, since files share this module. */
export function hearBreakers(): void {
  beforeEach(() => channel('tiercel:breaker').subscribe(listener))
  afterEach(() => {
    channel('tiercel:breaker').unsubscribe(listener)
    heard.length = 0
  })
}

interface SetUp {
  readonly clock: FakeClock
  readonly faulty: FaultControls
  readonly guarded: GuardedStore
  /** Reads as callers do, one after the other, until each has its answer. */
  read(times: number, key?: string): Promise<unknown[]>
}

export function setUp(serverOf?: (key: string) => string): SetUp {
  const clock = new FakeClock()
  const faulty = faultyStore(memoryStore({ clock }))
  const store = serverOf === undefined ? faulty : withServers(faulty, serverOf)
  const guarded = guardStore(store, { clock })
  const read = async (times: number, key = 'key'): Promise<unknown[]> => {
    const outcomes: unknown[] = []
    for (let index = 0; index < times; index++) {
      const reading = guarded.get(key).catch((error: unknown) => error)
      await clock.advance(READ_MS)
      outcomes.push(await reading)
    }
    return outcomes
  }
  return { clock, faulty, guarded, read }
}

function withServers(store: Store, serverOf: (key: string) => string): Store {
  return new Proxy(store, { get: (target, name) => (name === 'serverOf' ? serverOf : Reflect.get(target, name)) })
}

export const states = (): string[] => heard.map(({ kind, state }) => `${kind} ${state}`)
