import type { LoaderContext } from '../../../src/data/loader.js'
import { LearntNothing } from './caches.js'
import type { Invariants } from './invariants.js'
import type { ScenarioOptions } from './scenario-options.js'
import { TAG } from './ways.js'
import type { World } from './world.js'

/** Longest time from one look at a lease to the next: 250 ms and a quarter. */
const LONGEST_POLL_MS = 313

/** What a loader throws. */
export class Refused extends Error {}

interface Parts {
  readonly world: World
  readonly invariants: Invariants
  readonly options: ScenarioOptions
}

/** What the callers of a scenario load with: the database as it is then, late, badly or not at all. */
export class Loaders {
  readonly #parts: Parts
  readonly #replica: () => number
  /** The keys that each process loads now. */
  readonly #running = new Map<string, readonly string[]>()

  /** @param replica What a loader reads. */
  constructor(parts: Parts, replica: () => number) {
    this.#parts = parts
    this.#replica = replica
  }

  running(process: string): readonly string[] {
    return this.#running.get(process) ?? []
  }

  of(process: string, key: string): (context: Pick<LoaderContext, 'skip' | 'addTags'>) => Promise<number | undefined> {
    const { world, invariants, options } = this.#parts
    const { badLoaders, abandons, leaseMs, loaderMs, slowLoads, tags } = options
    return async ({ skip, addTags }) => {
      invariants.loadBegins(key, world.clock.now(), leaseMs + LONGEST_POLL_MS)
      this.#running.set(process, [...this.running(process), key])
      try {
        await world.point(process, 'loader reads')
        const value = this.#replica()
        if (loaderMs > 0) await world.sleep(world.random() < slowLoads ? 20 * loaderMs : loaderMs)
        if (tags === 'named') addTags(TAG)
        await world.point(process, 'loader returns')
        if (abandons > 0 && world.random() < abandons) {
          world.trace.push('loader: has learnt nothing')
          if (options.writes === 0) invariants.learntNothing(key, await world.valueUntil(`2:v::${key}`))
          throw new LearntNothing()
        }
        if (world.random() >= badLoaders) return value
        const end = world.pick(['throw', 'skip', 'nothing'])
        world.trace.push(`loader: ${end}`)
        if (end === 'throw') throw new Refused('loader')
        if (end === 'nothing') return undefined
        skip()
        return value
      } finally {
        invariants.loadEnds()
        const left = [...this.running(process)]
        left.splice(left.indexOf(key), 1)
        this.#running.set(process, left)
      }
    }
  }
}
