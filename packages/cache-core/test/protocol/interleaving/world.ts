import { crc32 } from 'node:zlib'
import type { Clock } from '../../../src/base/clock.js'
import { AmbiguousWriteError, StoreUnavailableError } from '../../../src/base/errors.js'
import { decodeFrame } from '../../../src/entry/frame.js'
import { MemoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'
import { Seeded } from '../../../src/testing/seeded.js'
import { Wire } from './wire.js'

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

/** What stands behind the processes. */
export interface WorldOptions {
  /** How many servers the keys lie on. */
  readonly servers: number
  /** Whether the store names them as its parts, so that marks have several slots. */
  readonly showsParts: boolean
  readonly breakStore?: ((store: Store) => Store) | undefined
}

/** Who does not reach a server. */
const EVERYBODY = '*'
/** The server that messages go over. */
const BUS_SERVER = 0

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
  /** What carries messages between the processes. */
  readonly wire = new Wire(
    (process, label, run) => this.add(process, label, run),
    (process) => !this.#isCutOff(process, BUS_SERVER),
  )
  #now = 1_000_000
  readonly #chance: Seeded
  #tasks: Task[] = []
  #timers: Timer[] = []
  #step = 0
  readonly #crashed = new Set<string>()
  readonly #options: WorldOptions
  /** Servers that cannot be reached, as `process server`. */
  readonly #away = new Set<string>()
  /** Servers that were away when a process asked them last, as `process server`, and the step at which it did. */
  readonly #unanswered = new Map<string, number>()
  /** All that was ever written. */
  readonly #written = new Set<string>()
  /** Told when an operation of a process did not reach its server. */
  onOutage: (process: string) => void = () => {}
  /** Told when a message of a process did not reach the bus. */
  onUnsent: (process: string) => void = () => {}

  constructor(seed: number, options: WorldOptions) {
    this.#options = options
    this.#chance = new Seeded(seed * 2_654_435_761 + 1)
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
    const { breakStore = (store: Store) => store } = options
    this.raw = breakStore(new MemoryStore({ clock: this.clock, maxEntries: 100 }))
  }

  random(): number {
    return this.#chance.next()
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
    const operate = <T>(
      label: string,
      key: string | undefined,
      write: boolean,
      execute: () => Promise<T>,
    ): Promise<T> =>
      new Promise((resolve, reject) => {
        if (write && key !== undefined) this.#written.add(key)
        const ambiguous = (): void => reject(new AmbiguousWriteError(`${label}: no answer`, { store: 'world' }))
        // Between the execution and its answer anything may happen.
        const answer = (deliver: () => void): void => this.add(process, `answer to ${label}`, deliver)
        const run = (fate: Fate): void => {
          if (key !== undefined && this.#isAway(process, key)) {
            this.#unanswered.set(`${process} ${this.#serverOf(key)}`, this.#step)
            this.onOutage(process)
            answer(() => reject(new StoreUnavailableError(`${label}: away`, { store: 'world' })))
            return
          }
          if (fate === 'ok') {
            const executedAt = this.#step
            execute().then(
              (value) =>
                answer(() => {
                  if (key !== undefined) this.#answered(process, key, executedAt)
                  resolve(value)
                }),
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
    const read = <T>(label: string, key: string | undefined, execute: () => Promise<T>): Promise<T> =>
      operate(label, key, false, execute)
    const write = <T>(label: string, key: string | undefined, execute: () => Promise<T>): Promise<T> =>
      operate(label, key, true, execute)
    const { servers, showsParts } = this.#options
    const several = servers > 1
    const { raw } = this
    return {
      name: 'world',
      capabilities: { ...raw.capabilities, shared: true },
      ...(several && { serverOf: (key) => String(this.#serverOf(key)) }),
      ...(several && showsParts && { partOf: (key) => String(this.#serverOf(key)) }),
      get: (key) => read(`get ${key}`, key, () => raw.get(key)),
      // Of one server: the guard asks each by itself.
      getMany: (keys) => read(`getMany ${keys.join(' ')}`, keys[0], () => raw.getMany(keys)),
      set: (key, bytes, options) => write(`set ${kindOf(key, bytes)} ${key}`, key, () => raw.set(key, bytes, options)),
      add: (key, bytes, options) => write(`add ${kindOf(key, bytes)} ${key}`, key, () => raw.add(key, bytes, options)),
      compareAndSet: (key, version, bytes, options) =>
        write(`compareAndSet ${kindOf(key, bytes)} ${key}`, key, () => raw.compareAndSet(key, version, bytes, options)),
      delete: (key) => write(`delete ${key}`, key, () => raw.delete(key)),
      compareAndDelete: (key, version) =>
        write(`compareAndDelete ${key}`, key, () => raw.compareAndDelete(key, version)),
      touch: (key, ttl) => write(`touch ${key}`, key, () => raw.touch(key, ttl)),
      setMany: (writes) => write('setMany', writes[0]?.key, () => raw.setMany(writes)),
      deleteMany: (keys) => write('deleteMany', keys[0], () => raw.deleteMany(keys)),
      increment: (key, by, options) => write('increment', key, () => raw.increment(key, by, options)),
      ping: () => raw.ping(),
      publish: (_, message) => write('publish', undefined, async () => this.#publish(process, message)),
      subscribe: (_, listener, events) =>
        read('subscribe', undefined, async () => this.wire.subscribe(process, listener, events)),
      purge: () => raw.purge(),
      close: async () => {},
    }
  }

  #publish(process: string, message: Uint8Array): void {
    if (this.wire.reaches(process)) {
      this.wire.publish(message)
      return
    }
    this.onUnsent(process)
    throw new StoreUnavailableError('publish: away', { store: 'world' })
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

  /** Whether all that is left to happen needs time to pass. */
  get isIdle(): boolean {
    return this.#tasks.length === 0
  }

  /** What was executed before the server went away, and is answered late, says nothing. */
  #answered(process: string, key: string, executedAt: number): void {
    const asked = `${process} ${this.#serverOf(key)}`
    if (executedAt > (this.#unanswered.get(asked) ?? 0)) this.#unanswered.delete(asked)
  }

  /** Whether a server was away when the process asked it last. */
  isUnanswered(process: string): boolean {
    for (const unanswered of this.#unanswered.keys()) if (unanswered.startsWith(`${process} `)) return true
    return false
  }

  isCrashed(process: string): boolean {
    return this.#crashed.has(process)
  }

  #serverOf(key: string): number {
    return crc32(key) % this.#options.servers
  }

  #isAway(process: string, key: string): boolean {
    return this.#away.size > 0 && this.#isCutOff(process, this.#serverOf(key))
  }

  #isCutOff(process: string, server: number): boolean {
    return this.#away.has(`${EVERYBODY} ${server}`) || this.#away.has(`${process} ${server}`)
  }

  /** A server goes away, for all processes or for one; or comes back, with its data or without. */
  async disturb(processes: readonly string[]): Promise<void> {
    const server = Math.floor(this.random() * this.#options.servers)
    const what = this.pick(['away', 'away', 'back', 'empty'])
    if (what === 'away') {
      const whose = this.pick([EVERYBODY, ...processes])
      this.trace.push(`away: ${whose} ${server}`)
      this.#away.add(`${whose} ${server}`)
      if (server === BUS_SERVER)
        for (const process of processes) if (!this.wire.reaches(process)) this.wire.break(process)
      return
    }
    this.trace.push(`${what}: ${server}`)
    if (what === 'empty') {
      for (const key of this.#written) if (this.#serverOf(key) === server) await this.raw.delete(key)
    }
    for (const outage of this.#away) if (outage.endsWith(` ${server}`)) this.#away.delete(outage)
    this.wire.back()
  }

  /** Every server can be reached. */
  calm(): void {
    this.#away.clear()
    this.wire.back()
  }

  /** Whether a delete holds off what is loaded for this slot now. */
  async isHeld(slot: string): Promise<boolean> {
    const entry = await this.raw.get(slot)
    const frame = entry && decodeFrame(entry.bytes)
    return frame?.kind === 'hold' && this.#now < frame.until
  }

  /** Until when the value stands that is in this slot; `undefined`: there is none. */
  async valueUntil(slot: string): Promise<number | undefined> {
    const entry = await this.raw.get(slot)
    const frame = entry && decodeFrame(entry.bytes)
    return frame?.kind === 'value' ? frame.keepUntil : undefined
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
const MARKS = /^(\{\d+\})?2:[nste]:/

/** All that can go on without the scheduler has gone on, but for reads that gather: they may go out a step later. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
