/**
 * How much processor time the turns of the event loop take, measured by itself: what else runs on the machine makes them
 * longer by the clock, and not by this.
 */
export class BusiestTurns {
  readonly #times: number[] = []
  #before = process.cpuUsage()
  #running = true

  constructor() {
    setImmediate(this.#look)
  }

  /** Milliseconds of the turn that is busier than this share of all. */
  stop(share: number): number {
    this.#running = false
    const times = this.#times.sort((one, other) => one - other)
    return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  }

  readonly #look = (): void => {
    const { user, system } = process.cpuUsage(this.#before)
    this.#before = process.cpuUsage()
    this.#times.push((user + system) / 1_000)
    if (this.#running) setImmediate(this.#look)
  }
}
