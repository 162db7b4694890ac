import { LoadTimeoutError, StoreError } from '../../../src/base/errors.js'
import { cachesOf, type ProcessUnderTest } from './caches.js'
import { Invariants } from './invariants.js'
import { Loaders, Refused } from './loaders.js'
import type { Outcome } from './outcome.js'
import type { CacheUnderTest, ScenarioOptions } from './scenario-options.js'
import { invalidate, TAG, wayOf } from './ways.js'
import { type Fate, type StepRules, type Task, World } from './world.js'

/** Within how many steps callers and writers come, where they do not come by the clock. */
const SPREAD_STEPS = 60
/** The same where what has come near is to be met: most loads are over before most callers come. */
const NEAR_SPREAD_STEPS = 350
const MAX_STEPS = 600
const MAX_FAIR_STEPS = 3_000
const FAULTS: readonly Fate[] = ['lost reply', 'never executed', 'executed late']

/** Runs one seed to its end. */
export async function runScenario(seed: number, options: ScenarioOptions): Promise<Outcome> {
  const random = Math.random
  const scenario = new Scenario(seed, options)
  // The delays of polls are jittered: they belong to the seed, too.
  Math.random = () => scenario.world.random()
  try {
    return await scenario.run()
  } finally {
    Math.random = random
  }
}

interface OpenCall {
  readonly process: string
  readonly key: string | undefined
  /** The key, where the call loads. */
  readonly loads: string | undefined
  /** Whether the store did not answer to its process while it was under way, */
  withoutStore: boolean
  /** and whether its process was loading the key meanwhile. */
  loading: boolean
  /** Whether its process reached neither the store nor the bus, as far as it knew. */
  alone: boolean
}

/** Callers in several processes read while others write the database and invalidate. */
class Scenario {
  readonly world: World
  readonly #options: ScenarioOptions
  readonly #invariants = new Invariants()
  readonly #processes: readonly string[]
  readonly #keys: readonly string[]
  /** The slots of marks. */
  readonly #marks: readonly string[]
  readonly #caches: ReadonlyMap<string, ProcessUnderTest>
  /** Calls under way, and who makes them. */
  readonly #open = new Map<string, OpenCall>()
  readonly #loaders: Loaders
  #database = 0
  /** When each version was committed. */
  readonly #commits: number[] = [0]
  #begun = 0
  /** Processes of which a message was lost on its way to the bus. */
  readonly #unheard = new Set<string>()
  #writing: Promise<void> = Promise.resolve()

  constructor(seed: number, options: ScenarioOptions) {
    this.#options = options
    const { servers, markSlots, breakStore } = options
    this.world = new World(seed, { servers, showsParts: markSlots > 1, breakStore })
    this.world.onOutage = (process) => this.#hasNoStore(process)
    this.world.onUnsent = (process) => void this.#unheard.add(process)
    this.#processes = Array.from({ length: options.processes }, (_, index) => `p${index}`)
    this.#keys = Array.from({ length: options.keys }, (_, index) => `k${index}`)
    this.#marks = options.tags === 'none' ? ['2:n::'] : ['2:n::', `2:t::${TAG}`, `2:s::${TAG}`, '2:e::']
    this.#loaders = new Loaders({ world: this.world, invariants: this.#invariants, options }, () => this.#replica())
    this.#caches = cachesOf(this.#processes, this.world, options)
  }

  async run(): Promise<Outcome> {
    const { world } = this
    const { callers, writes, sets, near } = this.#options
    if (near) await this.#link()
    for (let index = 0; index < callers; index++) this.#begin((process) => this.#read(`r${index}`, process))
    for (let index = 0; index < writes; index++) this.#begin((process) => this.#invalidate(`w${index}`, process))
    for (let index = 0; index < sets; index++) this.#begin((process) => this.#store(`s${index}`, process))

    let { evictions, outages, busBreaks } = this.#options
    let crashes = Math.min(this.#options.crashes, this.#processes.length - 1)
    const faulty = this.#rules(false)
    for (let step = 0; step < MAX_STEPS; step++) {
      if (evictions > 0 && world.random() < 0.05) {
        evictions--
        await world.evict(world.pick([...this.#keys.map((key) => `2:v::${key}`), ...this.#marks]))
      }
      if (outages > 0 && world.random() < 0.1) {
        outages--
        await world.disturb(this.#processes)
      }
      if (crashes > 0 && world.random() < 0.03) {
        crashes--
        this.#crash(this.#living())
      }
      if (busBreaks > 0 && world.random() < 0.03) {
        busBreaks--
        world.wire.break(this.#living())
      }
      if (near && this.#begun === callers + writes + sets && this.#open.size === 0) break
      if (!(await world.step(faulty)) && this.#open.size === 0) break
      this.#noticeOutages()
    }

    world.calm()
    // From here on nothing goes wrong: every call of a living process must end (I3).
    const fair = this.#rules(true)
    for (let step = 0; step < MAX_FAIR_STEPS && this.#waiting().length > 0; step++) await world.step(fair)
    // What stayed in the store is read once more, by everyone.
    for (const process of this.#processes) {
      for (const key of this.#keys)
        if (!world.isCrashed(process)) void this.#get(`last ${key} ${process}`, process, key)
    }
    for (let step = 0; step < MAX_FAIR_STEPS && this.#waiting().length > 0; step++) await world.step(fair)

    const { violations, loads, mostLoadsAtOnce } = this.#invariants
    const counted = (name: 'nearHits' | 'hedges'): number =>
      [...this.#caches.values()].reduce((sum, { cache }) => sum + cache.stats()[name], 0)
    for (const name of this.#waiting()) violations.push(`${name} never ended`)
    this.#invariants.end()
    return {
      violations,
      trace: world.trace,
      loads,
      mostLoadsAtOnce,
      nearHits: counted('nearHits'),
      hedges: counted('hedges'),
    }
  }

  /** The first read of a process opens its bus; nothing enters its near cache before that stands. */
  async #link(): Promise<void> {
    for (const { cache } of this.#caches.values()) void cache.get('anything')
    const prompt: StepRules = { ...this.#rules(true), promptStore: true }
    for (let step = 0; step < MAX_FAIR_STEPS && !this.world.isIdle; step++) await this.world.step(prompt)
  }

  /** A caller or writer comes at a moment of its own. */
  #begin(run: (process: string) => Promise<void>): void {
    const { spreadMs, near } = this.#options
    const begin = (): void => {
      this.#begun++
      void run(this.#living())
    }
    if (spreadMs === 0)
      this.world.add('world', 'somebody comes', begin, {
        holdSteps: this.world.random() * (near ? NEAR_SPREAD_STEPS : SPREAD_STEPS),
      })
    else this.world.clock.after(this.world.random() * spreadMs, begin)
  }

  #rules(fair: boolean): StepRules {
    const { faults, promptStore } = this.#options
    const fateOf = (task: Task): Fate => {
      if (fair || !task.write || this.world.random() >= faults) return 'ok'
      const fate = this.world.pick(FAULTS)
      // A value that is written without a condition and executed late is older than it should be: no promise covers it.
      const executed = fate === 'executed late' && /^(set|add) value/.test(task.label) ? 'never executed' : fate
      // Without the versions of its marks a process can have no lease.
      if (/^add mark/.test(task.label)) this.#hasNoStore(task.process)
      if (task.label === 'publish' && fate !== 'lost reply') this.#unheard.add(task.process)
      return executed
    }
    return { fateOf, fair, promptStore }
  }

  #noticeOutages(): void {
    for (const open of this.#open.values()) {
      const { process, key } = open
      // A write is no question.
      if (key === undefined) continue
      if (this.#caches.get(process)?.isWithoutStore(key)) open.withoutStore = true
      const unanswered = open.withoutStore || this.world.isUnanswered(process)
      if (unanswered && !this.world.wire.hears(process)) open.alone = true
      if (open.loads !== undefined && this.#loaders.running(process).includes(key)) open.loading = true
    }
  }

  #hasNoStore(process: string): void {
    for (const open of this.#open.values()) if (open.process === process) open.withoutStore = true
  }

  #living(): string {
    return this.world.pick(this.#processes.filter((process) => !this.world.isCrashed(process)))
  }

  /** Calls of living processes that have not ended. */
  #waiting(): readonly string[] {
    return [...this.#open].filter(([, { process }]) => !this.world.isCrashed(process)).map(([name]) => name)
  }

  #crash(process: string): void {
    this.world.crash(process)
    for (const key of this.#loaders.running(process)) {
      const wanted = [...this.#open.values()].some((open) => open.loads === key && !this.world.isCrashed(open.process))
      if (wanted && this.#options.promptStore) this.#invariants.orphaned(key, this.world.clock.now())
    }
  }

  /** What a loader reads. */
  #replica(): number {
    const { lagMs } = this.#options
    const until = this.world.clock.now() - lagMs
    return lagMs === 0 ? this.#database : this.#commits.findLastIndex((at) => at <= until)
  }

  async #read(name: string, process: string): Promise<void> {
    const key = this.world.pick(this.#keys)
    if (this.world.random() < this.#options.gets) return this.#get(name, process, key)
    const { cache } = this.#caches.get(process) as ProcessUnderTest
    await this.#ask(name, process, key, () => cache.getOrSet(key, this.#loaders.of(process, key), this.#tagged), key)
  }

  async #get(name: string, process: string, key: string): Promise<void> {
    const { cache } = this.#caches.get(process) as ProcessUnderTest
    await this.#ask(name, process, key, () => cache.get<number>(key), undefined)
  }

  async #ask(
    name: string,
    process: string,
    key: string,
    call: () => Promise<number | undefined>,
    loads: string | undefined,
  ): Promise<void> {
    this.world.trace.push(`${name} asks for ${key} in ${process}`)
    // Elsewhere a turn more would make other runs of all seeds.
    if (this.#options.abandons > 0) await this.#checkLeft(key)
    const held = loads !== undefined && (await this.world.isHeld(`2:v::${key}`))
    const required = held
      ? { withStore: 0, withoutStore: 0 }
      : this.#invariants.required({ process, key, now: this.world.clock.now(), loads: loads !== undefined })
    const open: OpenCall = { process, key, loads, withoutStore: false, loading: false, alone: false }
    this.#open.set(name, open)
    this.#noticeOutages()
    try {
      const value = await call()
      this.world.trace.push(`${name} = ${value}`)
      // Only a load can answer without the store, or what is near where the bus is lost as well (N3).
      const excused = (open.withoutStore && open.loading) || (this.#options.near && open.alone)
      this.#invariants.answered(name, value, excused ? required.withoutStore : required.withStore)
    } catch (error) {
      this.world.trace.push(`${name} failed: ${error}`)
      if (!(error instanceof Refused || error instanceof LoadTimeoutError)) {
        this.#invariants.violations.push(`${name}: ${error}`)
      }
    }
    this.#open.delete(name)
  }

  async #checkLeft(key: string): Promise<void> {
    this.#invariants.stands(key, await this.world.valueUntil(`2:v::${key}`), this.world.clock.now())
  }

  /** Commits, then invalidates. */
  async #invalidate(name: string, process: string): Promise<void> {
    await this.#write(name, process, async (cache) => {
      const way = wayOf(this.#options, this.world.random())
      const key = way === 'delete' ? this.world.pick(this.#keys) : undefined
      const version = this.#commit(name, process)
      const { lagMs } = this.#options
      const loadsFrom = this.world.clock.now() + lagMs
      const outcome = await invalidate(cache, way, key, lagMs)
      this.world.trace.push(`${name} ${way} ${key ?? ''} ${outcome}`)
      const delivered = outcome === 'delivered'
      // What the loads after a clear read may still be older: that promises nothing here.
      if (lagMs === 0) this.#hold(process, key, version, delivered)
      else if (key !== undefined) {
        this.#hold(process, key, version, delivered, delivered ? loadsFrom : Number.POSITIVE_INFINITY)
      }
    })
  }

  get #tagged(): { readonly tags: readonly string[] } {
    return { tags: this.#options.tags === 'static' ? [TAG] : [] }
  }

  /** For what no loader could tag. */
  get #alwaysTagged(): { readonly tags: readonly string[] } {
    return { tags: this.#options.tags === 'none' ? [] : [TAG] }
  }

  /** Commits, then stores what it has committed, over what stands there or in place of it. */
  async #store(name: string, process: string): Promise<void> {
    await this.#write(name, process, async (cache) => {
      const key = this.world.pick(this.#keys)
      const version = this.#commit(name, process)
      if (this.world.random() < 0.6) {
        const stored = await cache.set(key, version, this.#alwaysTagged)
        this.world.trace.push(`${name} set ${key} ${stored}`)
        this.#hold(process, key, version, stored)
        return
      }
      const outcome = await cache.delete(key)
      this.#hold(process, key, version, outcome === 'delivered')
      try {
        const added = await cache.add(key, version, this.#alwaysTagged)
        this.world.trace.push(`${name} add ${key} ${added}`)
      } catch (error) {
        this.world.trace.push(`${name} add ${key} failed: ${error}`)
        if (!(error instanceof StoreError)) throw error
      }
    })
  }

  async #write(name: string, process: string, run: (cache: CacheUnderTest) => Promise<void>): Promise<void> {
    this.#open.set(name, {
      process,
      key: undefined,
      loads: undefined,
      withoutStore: false,
      loading: false,
      alone: false,
    })
    const earlier = this.#writing
    const { cache } = this.#caches.get(process) as ProcessUnderTest
    const written = (this.#options.sets > 0 ? earlier : Promise.resolve()).then(() => run(cache))
    this.#writing = written
    await written
    this.#open.delete(name)
  }

  #commit(name: string, process: string): number {
    this.#database++
    this.#commits.push(this.world.clock.now())
    this.world.trace.push(`${name} commits ${this.#database} in ${process}`)
    return this.#database
  }

  #hold(process: string, key: string | undefined, version: number, delivered: boolean, loadsFrom = 0): void {
    const { tagHoldMs, markGraceMs, promisedGraceMs = markGraceMs, lagMs } = this.#options
    const lateMs = key === undefined ? Math.max(tagHoldMs, promisedGraceMs) : 0
    const elsewhereFrom = delivered ? this.world.clock.now() + lateMs : Number.POSITIVE_INFINITY
    const { wire } = this.world
    const last = wire.published
    const isHeardBy = (other: string): boolean =>
      !this.#options.near || (!this.#unheard.has(process) && wire.hasHeard(other, last))
    this.#invariants.invalidated({ key, version, process, elsewhereFrom, loadsFrom, lagMs, isHeardBy })
  }
}
