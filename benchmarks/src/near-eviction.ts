/**
 * Who should leave a near cache first: hit ratios at equal room, and what a request costs, of LRU, SIEVE and S3-FIFO on
 * three kinds of traffic. Shown, not judged: `docs/decisions/0014-eviction-near.md` says what was made of it.
 */
import { LRUCache } from 'lru-cache'

interface Policy {
  /** Whether it was there; what was not is put in. */
  request(key: number): boolean
}

class Lru implements Policy {
  readonly #entries: LRUCache<number, number>

  constructor(size: number) {
    this.#entries = new LRUCache({ max: size })
  }

  request(key: number): boolean {
    if (this.#entries.get(key) !== undefined) return true
    this.#entries.set(key, key)
    return false
  }
}

interface Node {
  readonly key: number
  visits: number
}

/** Zhang et al., NSDI 2024, as core has it: over a queue in the order of arrival. */
class Sieve implements Policy {
  readonly #size: number
  readonly #nodes = new Map<number, Node & { older: number | undefined; newer: number | undefined }>()
  #newest: number | undefined
  #oldest: number | undefined
  #hand: number | undefined

  constructor(size: number) {
    this.#size = size
  }

  request(key: number): boolean {
    const known = this.#nodes.get(key)
    if (known !== undefined) {
      known.visits = 1
      return true
    }
    if (this.#nodes.size >= this.#size) this.#evict()
    const newest = this.#newest === undefined ? undefined : this.#nodes.get(this.#newest)
    if (newest === undefined) this.#oldest = key
    else newest.newer = key
    this.#nodes.set(key, { key, visits: 0, older: this.#newest, newer: undefined })
    this.#newest = key
    return false
  }

  #evict(): void {
    let node = this.#nodes.get((this.#hand ?? this.#oldest) as number)
    while (node !== undefined && node.visits > 0) {
      node.visits = 0
      node = this.#nodes.get((node.newer ?? this.#oldest) as number)
    }
    if (node === undefined) return
    this.#hand = node.newer
    const [older, newer] = [node.older, node.newer].map((key) => (key === undefined ? undefined : this.#nodes.get(key)))
    if (older === undefined) this.#oldest = node.newer
    else older.newer = node.newer
    if (newer === undefined) this.#newest = node.older
    else newer.older = node.older
    this.#nodes.delete(node.key)
  }
}

/** Yang et al., SOSP 2023: a small queue for what is new, a main one for what came back, and names of those that left. */
class S3Fifo implements Policy {
  readonly #smallSize: number
  readonly #size: number
  readonly #small = new Map<number, Node>()
  readonly #main = new Map<number, Node>()
  readonly #ghosts = new Set<number>()

  constructor(size: number) {
    this.#size = size
    this.#smallSize = Math.max(1, Math.floor(size / 10))
  }

  request(key: number): boolean {
    const known = this.#small.get(key) ?? this.#main.get(key)
    if (known !== undefined) {
      known.visits = Math.min(3, known.visits + 1)
      return true
    }
    while (this.#small.size + this.#main.size >= this.#size) this.#evict()
    const queue = this.#ghosts.delete(key) ? this.#main : this.#small
    queue.set(key, { key, visits: 0 })
    return false
  }

  #evict(): void {
    if (this.#small.size >= this.#smallSize || this.#main.size === 0) this.#evictSmall()
    else this.#evictMain()
  }

  #evictSmall(): void {
    for (const [key, node] of this.#small) {
      this.#small.delete(key)
      if (node.visits > 1) {
        this.#main.set(key, { key, visits: 0 })
        continue
      }
      this.#ghosts.add(key)
      if (this.#ghosts.size > this.#size) for (const oldest of this.#ghosts) return void this.#ghosts.delete(oldest)
      return
    }
  }

  #evictMain(): void {
    for (const [key, node] of this.#main) {
      this.#main.delete(key)
      if (node.visits === 0) return
      node.visits--
      this.#main.set(key, node)
    }
  }
}

const KEYS = 100_000
const REQUESTS = 400_000
/** Of all keys. */
const ROOMS = [0.01, 0.1]

/** Popularity by rank to the power of `-skew`, by the inverse of the cumulated shares. */
function zipf(skew: number): () => number {
  const cumulated = new Float64Array(KEYS)
  let sum = 0
  for (let rank = 0; rank < KEYS; rank++) cumulated[rank] = sum += (rank + 1) ** -skew
  return () => {
    const wanted = Math.random() * sum
    let [low, high] = [0, KEYS - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((cumulated[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

const web = zipf(0.9)
let never = KEYS
const traffic: Readonly<Record<string, () => Int32Array>> = {
  'Zipf 0.9': () => Int32Array.from({ length: REQUESTS }, web),
  'Zipf 0.9, every tenth of it in scans over all keys': () => {
    let scanned = 0
    return Int32Array.from({ length: REQUESTS }, (_, index) => (index % 40_000 < 4_000 ? scanned++ % KEYS : web()))
  },
  'Zipf 0.9, half of it keys that never come again': () =>
    Int32Array.from({ length: REQUESTS }, () => (Math.random() < 0.5 ? never++ : web())),
}
const policies = { LRU: Lru, SIEVE: Sieve, 'S3-FIFO': S3Fifo }

console.log('| traffic | room | policy | hit ratio | ns a request |\n|---|---|---|---|---|')
for (const [name, requests] of Object.entries(traffic)) {
  const trace = requests()
  for (const room of ROOMS) {
    for (const [policyName, Policy] of Object.entries(policies)) {
      const policy = new Policy(KEYS * room)
      let hits = 0
      const begun = performance.now()
      for (const key of trace) if (policy.request(key)) hits++
      const ns = ((performance.now() - begun) / REQUESTS) * 1e6
      const share = `${room * 100} % of the keys`
      console.log(`| ${name} | ${share} | ${policyName} | ${(hits / REQUESTS).toFixed(3)} | ${ns.toFixed(0)} |`)
    }
  }
}
