import { setTimeout as delay } from 'node:timers/promises'
import type { Cache, CacheStats, DeleteOptions, Delivery, EntryOptions, SetOptions } from '@tiercel/cache-core'
import { Traffic, type TrafficReport, type TrafficTerms } from './traffic.js'

export interface Ask {
  readonly key: string
  /** How long a load takes after it has read the database, in milliseconds. */
  readonly loadMs: number
  /** Number of concurrent callers. Default 1. */
  readonly callers?: number
  readonly options?: Pick<EntryOptions, 'lease' | 'ttl' | 'staleWhileRevalidate' | 'hardTimeout'>
}

export interface Answers {
  /** The distinct values. */
  readonly values: readonly string[]
  readonly errors: readonly string[]
  /** Loads that ran in this process for these callers. */
  readonly loads: number
  readonly slowestMs: number
}

/** The commands that a process of the tests runs on its cache. */
export class Commands {
  readonly #cache: Cache
  readonly #readDatabase: (key: string) => Promise<string>
  #traffic: Traffic | undefined

  /** @param readDatabase Reads the one database of all processes, which is in the test. */
  constructor(cache: Cache, readDatabase: (key: string) => Promise<string>) {
    this.#cache = cache
    this.#readDatabase = readDatabase
  }

  async getOrSet({ key, loadMs, callers = 1, options }: Ask): Promise<Answers> {
    let loads = 0
    let slowestMs = 0
    const load = async (): Promise<string> => {
      loads++
      const value = await this.#readDatabase(key)
      await delay(loadMs)
      return value
    }
    const call = async (): Promise<string> => {
      const start = performance.now()
      try {
        return await this.#cache.getOrSet(key, load, options)
      } finally {
        slowestMs = Math.max(slowestMs, performance.now() - start)
      }
    }
    const settled = await Promise.allSettled(Array.from({ length: callers }, call))
    const values = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const errors = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
    return { values: [...new Set(values)], errors, loads, slowestMs }
  }

  async get(key: string): Promise<string | undefined> {
    return this.#cache.get<string>(key)
  }

  set(key: string, value: string, options: SetOptions): Promise<boolean> {
    return this.#cache.set(key, value, options)
  }

  delete(key: string, options?: DeleteOptions): Promise<Delivery> {
    return this.#cache.delete(key, options)
  }

  async stats(): Promise<CacheStats> {
    return this.#cache.stats()
  }

  async startTraffic(terms: TrafficTerms): Promise<void> {
    this.#traffic = new Traffic(this.#cache, terms)
  }

  async stopTraffic(): Promise<TrafficReport> {
    if (this.#traffic === undefined) throw new Error('there is no traffic')
    return this.#traffic.stop()
  }
}
