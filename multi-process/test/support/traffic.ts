import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cache } from '@tiercel/cache-core'

export interface TrafficTerms {
  /** Callers that ask one after another, each for the next of all keys. */
  readonly callers: number
  readonly keys: number
  readonly loadMs: number
}

export interface TrafficReport {
  /** How long each call took, in milliseconds. */
  readonly times: readonly number[]
  readonly errors: readonly string[]
  /** The longest time for which the machine kept this process from running, in milliseconds. */
  readonly stalledMs: number
}

/** Between two requests of a caller, in milliseconds. */
const PAUSE_MS = 5
/** Short, so that hits, misses and waits mix all the time. */
const TTL = '300ms'

/** Callers that ask without end. */
export class Traffic {
  readonly #cache: Cache
  readonly #terms: TrafficTerms
  readonly #callers: readonly Promise<void>[]
  readonly #stalls: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 })
  readonly #errors: string[] = []
  #running = true
  #calls = 0
  readonly #times: number[] = []

  constructor(cache: Cache, terms: TrafficTerms) {
    this.#cache = cache
    this.#terms = terms
    this.#stalls.enable()
    this.#callers = Array.from({ length: terms.callers }, () => this.#ask())
  }

  async stop(): Promise<TrafficReport> {
    this.#running = false
    await Promise.all(this.#callers)
    this.#stalls.disable()
    return { times: this.#times, errors: this.#errors, stalledMs: this.#stalls.max / 1_000_000 }
  }

  async #ask(): Promise<void> {
    const { keys, loadMs } = this.#terms
    while (this.#running) {
      const key = `traffic ${this.#calls++ % keys}`
      const start = performance.now()
      try {
        const value = await this.#cache.getOrSet(key, () => delay(loadMs, `value of ${key}`), { ttl: TTL })
        if (value !== `value of ${key}`) this.#errors.push(`${key} answered ${value}`)
      } catch (error) {
        this.#errors.push(String(error))
      }
      this.#times.push(performance.now() - start)
      await delay(PAUSE_MS)
    }
  }
}
