import type { Store } from '@tiercel/cache-core/store'
import type { CaseContext, TestTime } from '../case.js'
import { expectMiss, expectTrue } from '../expect.js'

/** A lifetime for stores whose clock the suite cannot move: long enough to observe, short enough to wait for. */
const REAL_TTL_MS = 600
/** A lifetime where the suite moves the clock. */
const FAKE_TTL_MS = 60_000
/** Allows for the last answer's way back, and for timers that fire late. */
const SLACK_MS = 60

export function shortTtl({ exact }: TestTime): number {
  return exact ? FAKE_TTL_MS : REAL_TTL_MS
}

/** How long after its start a lifetime is certain to be over. */
export function overAfter(ttlMs: number, time: TestTime): number {
  return ttlMs + time.store.capabilities.ttlResolutionMs + (time.exact ? 0 : SLACK_MS)
}

type Begin = (store: Store, key: string, ttlMs: number) => Promise<unknown>

/** `begin` gives the key a lifetime: its value stays until the end, and is gone soon after. */
export async function expectLifetime(what: string, context: CaseContext, begin: Begin): Promise<void> {
  const time = await context.time()
  const { key, begunAt, ttlMs } = await expectStays(what, context, time, begin)
  await time.pass(begunAt + overAfter(ttlMs, time) - time.now())
  expectMiss(`${what}: get after its TTL of ${ttlMs} ms and the declared resolution`, await time.store.get(key))
}

/**
 * `begin` gives the key a lifetime: its value is still there shortly before the end. If the machine stalls, that proves
 * nothing, and it is tried again with more time.
 */
export async function expectStays(
  what: string,
  context: CaseContext,
  time: TestTime,
  begin: Begin,
): Promise<{ readonly key: string; readonly begunAt: number; readonly ttlMs: number }> {
  for (let ttlMs = shortTtl(time); ; ttlMs *= 2) {
    const key = context.key()
    const startedAt = time.now()
    await begin(time.store, key, ttlMs)
    const begunAt = time.now()
    await time.pass(time.exact ? ttlMs - 1 : ttlMs / 2)
    const entry = await time.store.get(key)
    if (entry === undefined && time.now() - startedAt >= ttlMs) continue
    expectTrue(`${what}: get before its TTL of ${ttlMs} ms is over`, entry !== undefined, 'the value', 'a miss')
    return { key, begunAt, ttlMs }
  }
}
