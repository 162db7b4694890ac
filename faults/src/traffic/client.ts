import { setTimeout as delay } from 'node:timers/promises'
import type { Cache } from '@tiercel/cache-core'
import { type Database, valueFor, versionIn } from './database.js'
import type { Promises } from './promises.js'

/** How long a load takes, in milliseconds. */
const LOAD_MS = 5

/** A request and its answer. */
export interface Request {
  readonly client: string
  readonly key: string
  /** On the monotonic clock. */
  readonly startedAt: number
  readonly ms: number
  /** Time beside its load, or the load of another caller of its process. In milliseconds. */
  readonly overMs: number
  /** Whether neither its own load nor another one of its process answered it. */
  readonly hit: boolean
  readonly error?: string
  /** What is wrong with the value: it was never written, or belongs to another key. */
  readonly wrong?: string
  /** Set if the value is older than an invalidation that was complete before the request. */
  readonly stale?: string
}

/** The time of one load, in milliseconds. A load is a timer, so this also shows how late the process is. */
export interface Load {
  readonly key: string
  readonly ms: number
}

/** A cache of an application, as its callers see it. */
export class Client {
  readonly name: string
  readonly cache: Cache
  readonly #database: Database
  readonly #promises: Promises
  readonly #loads = new Map<string, { begun: number; ended: number; lastMs: number }>()
  readonly loads: Load[] = []

  constructor(name: string, cache: Cache, database: Database, promises: Promises) {
    this.name = name
    this.cache = cache
    this.#database = database
    this.#promises = promises
  }

  async ask(key: string): Promise<Request> {
    const oldest = this.#promises.oldest(this.name, key)
    const loads = this.#loadsOf(key)
    const quiet = loads.begun === loads.ended
    const { begun } = loads
    const startedAt = performance.now()
    const timed = (): Pick<Request, 'client' | 'key' | 'startedAt' | 'ms' | 'overMs' | 'hit'> => {
      const ms = performance.now() - startedAt
      const hit = quiet && loads.begun === begun
      return { client: this.name, key, startedAt, ms, overMs: hit ? ms : Math.max(0, ms - loads.lastMs), hit }
    }
    try {
      const value = await this.cache.getOrSet(key, () => this.#load(key))
      const request = timed()
      const version = versionIn(value, key)
      if (version === undefined || version > this.#database.version(key))
        return { ...request, wrong: `${key}: ${String(value).slice(0, 100)}` }
      if (version >= oldest) return request
      return { ...request, stale: `${this.name} got version ${version} of ${key}, when ${oldest} was promised` }
    } catch (error) {
      return { ...timed(), hit: false, error: String(error) }
    }
  }

  /** Changes the source, then invalidates. */
  async change(key: string): Promise<void> {
    const version = this.#database.change(key)
    this.#promises.completed(this.name, key, version, await this.cache.delete(key))
  }

  async #load(key: string): Promise<string> {
    const loads = this.#loadsOf(key)
    loads.begun++
    const version = this.#database.version(key)
    const begunAt = performance.now()
    await delay(LOAD_MS)
    loads.lastMs = performance.now() - begunAt
    this.loads.push({ key, ms: loads.lastMs })
    loads.ended++
    return valueFor(key, version)
  }

  #loadsOf(key: string): { begun: number; ended: number; lastMs: number } {
    const loads = this.#loads.get(key) ?? { begun: 0, ended: 0, lastMs: 0 }
    this.#loads.set(key, loads)
    return loads
  }
}
