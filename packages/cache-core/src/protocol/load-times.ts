import type { Latencies } from '../base/latencies.js'

/** How many keys are told apart. Keys that share a place get something in between. A power of 2. */
const PLACES = 16_384
/** How far the estimate moves towards a slower load, and towards a quicker one. */
const RISES = 0.5
const FALLS = 0.2
/** After so many loads of other keys it is known what is usual for one that was never loaded. */
const ENOUGH_LOADS = 10
/** Suspicious is what takes so many times as long as usual, and at least so long. Milliseconds. */
const BEYOND = 3
const LEAST_MS = 100
/** The same for a key that was never loaded. */
const LEAST_UNKNOWN_MS = 1_000

/** How long loads of a key usually take, as far as this process has seen. Of fixed size, 64 KB: no key is kept. */
export class LoadTimes {
  readonly #all: Latencies
  #usual: Float32Array | undefined

  /** @param all Of all loads. */
  constructor(all: Latencies) {
    this.#all = all
  }

  /** A load of this slot has ended well, here or in another process. */
  record(slot: string, ms: number): void {
    this.#usual ??= new Float32Array(PLACES)
    const place = placeOf(slot)
    const known = this.#usual[place] ?? 0
    const change = known === 0 ? 1 : ms > known ? RISES : FALLS
    // 0 means never loaded.
    this.#usual[place] = Math.max(known + (ms - known) * change, 1)
  }

  /** After so many milliseconds a load of this slot takes suspiciously long; `Infinity` where nothing is known. */
  suspicious(slot: string): number {
    const usual = this.#usual?.[placeOf(slot)] ?? 0
    if (usual > 0) return Math.max(BEYOND * usual, LEAST_MS)
    const { count, p99 } = this.#all.summary()
    return count < ENOUGH_LOADS ? Number.POSITIVE_INFINITY : Math.max(BEYOND * p99, LEAST_UNKNOWN_MS)
  }
}

/** FNV-1a. */
function placeOf(slot: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < slot.length; index++) hash = Math.imul(hash ^ slot.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (PLACES - 1)
}
