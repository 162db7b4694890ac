import { StoreUnavailableError } from '../base/errors.js'
import type { StoreEntry } from '../store/store.js'

/** What is read from: a store behind its guard. */
interface Reads {
  get(key: string): Promise<StoreEntry | undefined>
  /** An outcome for each key. */
  getEach(keys: readonly string[]): Promise<readonly (StoreEntry | undefined | Error)[]>
}

/** What the cache makes of an entry of the store. A promise only where threads have work to do. */
export type Open = (
  key: string,
  entry: StoreEntry | undefined,
) => StoreEntry | undefined | Promise<StoreEntry | undefined>

/** Longest batch: beyond it a reply of large values would keep the small ones waiting. */
const MAX_BATCH = 128

interface Waiting {
  readonly promise: Promise<StoreEntry | undefined>
  readonly resolve: (entry: ReturnType<Open>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Reads of one event-loop turn go to the store as one batch, a key asked for twice is asked once. Measured with 64
 * readers of 1 KiB on Redis: 4.4 times the reads of single GETs.
 *
 * A read is shared only by callers that came before it was sent: a later caller may have to see a later delete.
 */
export class Reader {
  readonly #store: Reads
  readonly #open: Open
  #next = new Map<string, Waiting>()

  constructor(store: Reads, open: Open) {
    this.#store = store
    this.#open = open
  }

  /** @throws what the store's `get` throws. */
  read(key: string): Promise<StoreEntry | undefined> {
    let waiting = this.#next.get(key)
    if (waiting === undefined) {
      // After the microtasks of this turn, so that all callers woken by one reply of the store share the next batch.
      if (this.#next.size === 0) process.nextTick(this.#send)
      waiting = pending()
      this.#next.set(key, waiting)
    }
    return waiting.promise
  }

  readonly #send = (): void => {
    const batch = [...this.#next]
    this.#next = new Map()
    for (let from = 0; from < batch.length; from += MAX_BATCH) this.#sendBatch(batch.slice(from, from + MAX_BATCH))
  }

  #sendBatch(batch: readonly (readonly [string, Waiting])[]): void {
    const [first] = batch
    if (first !== undefined && batch.length === 1) {
      this.#sendOne(first)
      return
    }
    this.#store.getEach(batch.map(([key]) => key)).then(
      (outcomes) => {
        for (const [index, each] of batch.entries()) {
          const outcome = outcomes[index]
          const [, waiting] = each
          if (!(outcome instanceof Error)) waiting.resolve(this.#open(each[0], outcome))
          // Where the store does not show its servers, one that is away fails what lies on the others too, and at once.
          else if (outcome instanceof StoreUnavailableError) this.#sendOne(each)
          else waiting.reject(outcome)
        }
      },
      (error) => {
        for (const [, waiting] of batch) waiting.reject(error)
      },
    )
  }

  #sendOne([key, waiting]: readonly [string, Waiting]): void {
    this.#store.get(key).then((entry) => waiting.resolve(this.#open(key, entry)), waiting.reject)
  }
}

function pending(): Waiting {
  let resolve!: Waiting['resolve']
  let reject!: Waiting['reject']
  const promise = new Promise<StoreEntry | undefined>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
