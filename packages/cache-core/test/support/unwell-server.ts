import { StoreTimeoutError } from '../../src/base/errors.js'
import { guardStore } from '../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { faultyStore } from '../../src/testing/faulty-store.js'

/**
 * In how many milliseconds an unwell server answers an operation. `Infinity`: not before it is well. `NaN`: never, since
 * the connection is dead, and another one is made after two seconds.
 * @param at Milliseconds since it became unwell.
 */
export type Answering = (at: number, operation: string) => number

const PROMPT_MS = 1
const LOAD_MS = 5
const CALLER_PAUSE_MS = 10
const WRITE_EVERY_MS = 25
const GIVEN_UP_AFTER_MS = 2_000
const VALUE_BYTES = 1_000
/** Beyond this nothing comes back. */
const LONGEST_AWAY_MS = 10_000

export const always =
  (ms: number): Answering =>
  () =>
    ms
export function oneAfterTheOther(...ms: readonly number[]): Answering {
  let count = 0
  return () => ms[count++ % ms.length] as number
}
export const inTurns =
  (unwellMs: number, wellMs: number): Answering =>
  (at) =>
    Math.max(0, unwellMs - (at % (unwellMs + wellMs))) + PROMPT_MS
export const halfOpen: Answering = (at) => (at < GIVEN_UP_AFTER_MS ? Number.NaN : PROMPT_MS)
export const onWrites =
  (answering: Answering): Answering =>
  (at, operation) =>
    operation === 'get' ? PROMPT_MS : answering(at, operation)

/** Answers come one after the other. */
export function narrow(bytesPerSecond: number): Answering {
  let freeAt = 0
  return (at) => {
    freeAt = Math.max(freeAt, at) + (VALUE_BYTES / bytesPerSecond) * 1_000
    return freeAt - at
  }
}

export function pausing(pauseMs: number, everyAnswers: number): Answering {
  let freeAt = 0
  let count = 0
  return (at) => {
    const inMs = Math.max(freeAt - at, 0) + PROMPT_MS
    if (++count % everyAnswers === 0) freeAt = Math.max(freeAt, at) + pauseMs
    return inMs
  }
}

/** A server, by a fake clock, and callers that go on asking it: they load what they do not get, and claim and store it. */
export class UnwellServer {
  readonly clock = new FakeClock()
  readonly #store = faultyStore(memoryStore({ clock: this.clock }))
  readonly #reachable = new Set<() => void>()
  readonly #guarded = guardStore(
    new Proxy(this.#store, {
      get: (target, name) =>
        name === 'onReachable' ? (listener: () => void) => this.#reachable.add(listener) : Reflect.get(target, name),
    }),
    { clock: this.clock },
  )
  /** What gets its answer when the server is well, and what an error when its connection is given up. */
  readonly #held = new Set<() => void>()
  readonly #lost = new Set<(error: Error) => void>()
  readonly #running: readonly Promise<void>[]
  #stopped = false
  /** Deadlines that callers missed. */
  missed = 0
  /** When the latest read and the latest write that were answered had begun. */
  #readAt = 0
  #wroteAt = 0

  constructor({ callers }: { readonly callers: number }) {
    this.wake()
    this.#running = [...Array.from({ length: callers }, () => this.#call()), this.#write()]
  }

  /** It is unwell from now on. */
  fail(answering: Answering): void {
    const since = this.clock.monotonic()
    this.clock.after(GIVEN_UP_AFTER_MS, () => this.#reconnect())
    this.#store.faultOf = (operation) => {
      const ms = answering(this.clock.monotonic() - since, operation)
      const answer = new Promise<void>((resolve, reject) => {
        if (Number.isNaN(ms)) this.#lost.add(reject)
        else this.#held.add(resolve)
        if (Number.isFinite(ms)) this.clock.after(ms, resolve)
      })
      return { answerAfter: answer }
    }
  }

  /** It is well from now on, and answers what it owes. */
  wake(): void {
    this.#store.faultOf = () => ({ answerAfter: this.#passed(PROMPT_MS) })
    this.#reconnect()
    for (const answer of this.#held) answer()
    this.#held.clear()
  }

  /** Milliseconds from now until a caller's read, and until a caller's write was answered. */
  async untilBack(): Promise<{ readonly readsMs: number; readonly writesMs: number }> {
    const from = this.clock.monotonic()
    let readsMs: number | undefined
    let writesMs: number | undefined
    while (readsMs === undefined || writesMs === undefined) {
      await this.clock.advance(5)
      const ms = this.clock.monotonic() - from
      if (ms > LONGEST_AWAY_MS) throw new Error('it does not come back')
      if (this.#readAt >= from) readsMs ??= ms
      if (this.#wroteAt >= from) writesMs ??= ms
    }
    return { readsMs, writesMs }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.clock.advance(1_000)
    await Promise.all(this.#running)
    await this.#guarded.close()
  }

  #reconnect(): void {
    for (const fail of this.#lost) fail(new Error('the connection was given up'))
    if (this.#lost.size > 0) for (const listener of this.#reachable) listener()
    this.#lost.clear()
  }

  async #call(): Promise<void> {
    while (!this.#stopped) {
      if (!(await this.#isRead())) {
        const claimed = await this.#isWritten(() => this.#guarded.add('claim', BYTES, { ttl: 1_000 }, 'read'))
        await this.#passed(LOAD_MS)
        if (claimed) void this.#isWritten(() => this.#guarded.set('value', BYTES))
      }
      await this.#passed(CALLER_PAUSE_MS)
    }
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      await this.#passed(WRITE_EVERY_MS)
      await this.#isWritten(() => this.#guarded.delete('changed'))
    }
  }

  async #isRead(): Promise<boolean> {
    const begunAt = this.clock.monotonic()
    const isRead = await this.#isAnswered(this.#guarded.get('value'))
    if (isRead) this.#readAt = begunAt
    return isRead
  }

  async #isWritten(write: () => Promise<unknown>): Promise<boolean> {
    const begunAt = this.clock.monotonic()
    const isWritten = await this.#isAnswered(write())
    if (isWritten) this.#wroteAt = begunAt
    return isWritten
  }

  async #isAnswered(operation: Promise<unknown>): Promise<boolean> {
    try {
      await operation
      return true
    } catch (error) {
      const { message, cause } = error as Error
      const wasSent = !message.includes('circuit breaker')
      if (wasSent && (error instanceof StoreTimeoutError || cause instanceof StoreTimeoutError)) this.missed++
      return false
    }
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve))
  }
}

const BYTES = Buffer.alloc(8)
