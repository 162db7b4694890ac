import type { Clock } from '../../../src/base/clock.js'
import { AmbiguousWriteError } from '../../../src/base/errors.js'
import { decodeFrame } from '../../../src/entry/frame.js'
import { MemoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'

/** How an operation ends that the scheduler lets happen. Only `ok` is honest. */
export type Fate = 'ok' | 'lost reply' | 'never executed' | 'executed late'

/** Something that waits for its turn. */
export interface Task {
  readonly process: string
  readonly label: string
  /** Whether it writes, and so may end badly. */
  readonly write: boolean
  /** The step before which it is held back. */
  readonly heldUntil: number
  readonly run: (fate: Fate) => void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** How the next step is chosen. */
export interface StepRules {
  readonly fateOf: (task: Task) => Fate
  /** Whether nothing is held back. */
  readonly fair: boolean
  /** Whether the store answers before time passes. */
  readonly promptStore: boolean
}

/** How often a task is held back, and for how many steps at most. */
const HELD = 0.2
const LONGEST_HOLD_STEPS = 60
/** How often time passes while there is something else to do. */
const TIME_PASSES = 0.04
/** Timers farther ahead than this are nobody's business in a run: deadlines that nothing reaches. */
const HORIZON_MS = 100_000

/**
 * One store, several processes, one scheduler. Nothing happens by itself: every operation on the store, its answer,
 * every step of a loader and every timer waits until the seeded scheduler lets it happen, so a run is repeated by its
 * seed.
 *
 * Where one thing is outrun by many others, there the bugs are, and a choice by lot among all that could happen hardly
 * ever makes such a run. So some tasks are held back for many steps, whatever they are.
 */
export class World {
  readonly trace: string[] = []
  readonly clock: Clock
  /** What stands behind all processes: a store that keeps its promises, or one that a test has broken. */
  readonly raw: Store
  #now = 1_000_000
  #state: number
  #tasks: Task[] = []
  #timers: Timer[] = []
  #step = 0
  readonly #crashed = new Set<string>()

  constructor(seed: number, breakStore: (store: Store) => Store = (store) => store) {
    this.#state = seed * 2_654_435_761 + 1
    this.clock = {
      now: () => this.#now,
      monotonic: () => this.#now,
      after: (ms, callback) => {
        const timer = { at: this.#now + ms, callback }
        this.#timers.push(timer)
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
        }
      },
    }
    this.raw = breakStore(new MemoryStore({ clock: this.clock, maxEntries: 100 }))
  }

  /** A number from 0 to below 1: mulberry32. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }

  /** Waits until the scheduler comes by. In a crashed process for ever. */
  point(process: string, label: string): Promise<void> {
    return new Promise((resolve) => this.add(process, label, () => resolve()))
  }

  /** Waits for a time on the clock of this world. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve))
  }

  add(process: string, label: string, run: Task['run'], { write = false, holdSteps = this.#hold() } = {}): void {
    this.#tasks.push({ process, label, write, heldUntil: this.#step + holdSteps, run })
  }

  #hold(): number {
    return this.random() < HELD ? this.random() * LONGEST_HOLD_STEPS : 0
  }

  /** The shared store as one process sees it. */
  storeOf(process: string): Store {
    const operate = <T>(label: string, write: boolean, execute: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const ambiguous = (): void => reject(new AmbiguousWriteError(`${label}: no answer`, { store: 'world' }))
        // Between the execution and its answer anything may happen.
        const answer = (deliver: () => void): void => this.add(process, `answer to ${label}`, deliver)
        const run = (fate: Fate): void => {
          if (fate === 'ok') {
            execute().then(
              (value) => answer(() => resolve(value)),
              (error) => answer(() => reject(error)),
            )
            return
          }
          if (fate === 'lost reply') void execute()
          if (fate === 'executed late') this.add(NETWORK, label, () => void execute())
          ambiguous()
        }
        this.add(process, label, run, { write })
      })
    const read = <T>(label: string, execute: () => Promise<T>): Promise<T> => operate(label, false, execute)
    const write = <T>(label: string, execute: () => Promise<T>): Promise<T> => operate(label, true, execute)
    const { raw } = this
    return {
      name: 'world',
      capabilities: { ...raw.capabilities, shared: true },
      get: (key) => read(`get ${key}`, () => raw.get(key)),
      getMany: (keys) => read(`getMany ${keys.join(' ')}`, () => raw.getMany(keys)),
      set: (key, bytes, options) => write(`set ${kindOf(key, bytes)} ${key}`, () => raw.set(key, bytes, options)),
      add: (key, bytes, options) => write(`add ${kindOf(key, bytes)} ${key}`, () => raw.add(key, bytes, options)),
      compareAndSet: (key, version, bytes, options) =>
        write(`compareAndSet ${kindOf(key, bytes)} ${key}`, () => raw.compareAndSet(key, version, bytes, options)),
      delete: (key) => write(`delete ${key}`, () => raw.delete(key)),
      compareAndDelete: (key, version) => write(`compareAndDelete ${key}`, () => raw.compareAndDelete(key, version)),
      touch: (key, ttl) => write(`touch ${key}`, () => raw.touch(key, ttl)),
      setMany: (writes) => write('setMany', () => raw.setMany(writes)),
      deleteMany: (keys) => write('deleteMany', () => raw.deleteMany(keys)),
      increment: (key, by, options) => write('increment', () => raw.increment(key, by, options)),
      ping: () => raw.ping(),
      publish: (channel, message) => raw.publish(channel, message),
      subscribe: (channel, listener) => raw.subscribe(channel, listener),
      purge: () => raw.purge(),
      close: async () => {},
    }
  }

  /** The process stops where it is: what it has sent may still be executed, it hears no answer. */
  crash(process: string): void {
    this.trace.push(`crash ${process}`)
    this.#crashed.add(process)
    const own = this.#tasks.filter((task) => task.process === process)
    this.#tasks = this.#tasks.filter((task) => task.process !== process)
    for (const task of own) {
      if (task.write && this.random() < 0.5) this.add(NETWORK, task.label, () => task.run('ok'))
    }
  }

  isCrashed(process: string): boolean {
    return this.#crashed.has(process)
  }

  /** The store drops a key by itself. */
  async evict(key: string): Promise<void> {
    this.trace.push(`evict ${key}`)
    await this.raw.delete(key)
  }

  /** Lets one thing happen. False when there is nothing to happen. */
  async step({ fateOf, fair, promptStore }: StepRules): Promise<boolean> {
    // What a loader of a crashed process does next.
    this.#tasks = this.#tasks.filter(({ process }) => !this.#crashed.has(process))
    this.#step++
    const timers = this.#timers.filter(({ at }) => at < this.#now + HORIZON_MS)
    const timeMayPass = timers.length > 0 && !(promptStore && this.#tasks.length > 0)
    const task = timeMayPass && this.random() < TIME_PASSES ? undefined : this.#next(fair)
    if (task !== undefined) {
      this.#tasks.splice(this.#tasks.indexOf(task), 1)
      const fate = fateOf(task)
      this.trace.push(`${task.process}: ${task.label}${fate === 'ok' ? '' : ` (${fate})`}`)
      task.run(fate)
    } else if (timeMayPass) {
      const next = timers.reduce((first, timer) => (timer.at < first.at ? timer : first))
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.trace.push(`time +${Math.max(0, next.at - this.#now)}`)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    await settled()
    return task !== undefined || timeMayPass
  }

  /** One of those that are not held back; where all are, the one that is held least. */
  #next(fair: boolean): Task | undefined {
    const ready = fair ? this.#tasks : this.#tasks.filter(({ heldUntil }) => heldUntil <= this.#step)
    if (ready.length > 0) return this.pick(ready)
    return this.#tasks.reduce<Task | undefined>(
      (least, task) => (least !== undefined && least.heldUntil <= task.heldUntil ? least : task),
      undefined,
    )
  }
}

/** Where what was sent goes on when its sender waits no longer. */
const NETWORK = 'network'

/** What a slot is written with, so that a trace can be read. */
function kindOf(key: string, bytes: Uint8Array): string {
  return MARKS.test(key) ? 'mark' : (decodeFrame(bytes)?.kind ?? 'token')
}

/** The slots of namespaces, tags and epochs. */
const MARKS = /^2:[nste]:/

/** All that can go on without the scheduler has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
