/** How an invalidation went out. */
export type Delivered = 'delivered' | 'journaled'

interface Completed {
  readonly version: number
  readonly at: number
}

/**
 * The oldest versions that clients may still be answered with: those made by completed invalidations. A delivered one
 * counts for every client, a journalled one for the client that made it.
 */
export class Promises {
  readonly #lateMs: number
  readonly #delivered = new Map<string, Completed[]>()
  readonly #own = new Map<string, number>()
  /** What was delivered while messages may have been lost. */
  #unheard: { readonly key: string; readonly version: number }[] | undefined

  /** @param lateMs How much later other clients may still see the old value: near caches have to hear of the change. */
  constructor(lateMs: number) {
    this.#lateMs = lateMs
  }

  completed(client: string, key: string, version: number, outcome: Delivered): void {
    const own = `${client} ${key}`
    this.#own.set(own, Math.max(version, this.#own.get(own) ?? 0))
    if (outcome === 'journaled') return
    // Without near caches there is no message to wait for.
    if (this.#unheard !== undefined && this.#lateMs > 0) this.#unheard.push({ key, version })
    else this.#count(key, version)
  }

  /**
   * From now on clients without the store serve what they have near, whatever others have deleted at the last moment.
   */
  messagesMayBeLost(): void {
    this.#unheard = []
  }

  messagesAreHeard(): void {
    const unheard = this.#unheard ?? []
    this.#unheard = undefined
    for (const { key, version } of unheard) this.#count(key, version)
  }

  #count(key: string, version: number): void {
    const at = performance.now()
    const delivered = this.#delivered.get(key) ?? []
    // Of those that count by now the newest is enough.
    const counting = delivered.filter((each) => each.at <= at - this.#lateMs)
    const newest = counting.reduce((one, other) => (one.version > other.version ? one : other), { version: 0, at: 0 })
    this.#delivered.set(key, [newest, ...delivered.filter((each) => !counting.includes(each)), { version, at }])
  }

  /** For a request that is made now. */
  oldest(client: string, key: string): number {
    const counts = performance.now() - this.#lateMs
    const delivered = (this.#delivered.get(key) ?? []).filter(({ at }) => at <= counts)
    return Math.max(this.#own.get(`${client} ${key}`) ?? 0, ...delivered.map(({ version }) => version))
  }
}
