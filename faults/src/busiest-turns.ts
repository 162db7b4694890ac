/**
 * Measures the processor time of each turn of the event loop. Other work on the machine makes turns longer by the
 * clock, but not by this measure.
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
