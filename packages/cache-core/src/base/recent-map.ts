/**
 * What was used recently, bounded by its weight: two generations, of which the older one is dropped when the younger one
 * is full. For what is looked up several times on every hit, since an LRU spends most of a look on keeping its order
 * (measured: six of them were a fifth of an HTTP hit).
 */
export class RecentMap<Key, Value extends object> {
  readonly #halfWeight: number
  readonly #weigh: (value: Value, key: Key) => number
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()
  #youngWeight = 0

  constructor(maxWeight: number, weigh: (value: Value, key: Key) => number) {
    this.#halfWeight = maxWeight / 2
    this.#weigh = weigh
  }

  get(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#rejuvenated(key)
  }

  set(key: Key, value: Value): void {
    const before = this.#young.get(key)
    if (before !== undefined) this.#youngWeight -= this.#weigh(before, key)
    this.#young.set(key, value)
    this.#youngWeight += this.#weigh(value, key)
    if (this.#youngWeight <= this.#halfWeight) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngWeight = 0
  }

  #rejuvenated(key: Key): Value | undefined {
    const value = this.#old.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }
}
