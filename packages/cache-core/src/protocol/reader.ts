import { StoreUnavailableError } from '../base/errors.js'
import type { StoreEntry } from '../store/store.js'

/** What is read from: a store behind its guard. */
interface Reads {
  /** Calls exactly one of the callbacks, once and asynchronously. */
  getTo(key: string, onEntry: (entry: StoreEntry | undefined) => void, onError: (error: unknown) => void): void
  /** An outcome for each key. */
  getEach(keys: readonly string[]): Promise<readonly (StoreEntry | undefined | Error)[]>
}

/** Undoes the transforms of an entry. Returns a promise only where threads have work to do. */
export type Open = (
  key: string,
  entry: StoreEntry | undefined,
) => StoreEntry | undefined | Promise<StoreEntry | undefined>

/**
 * A batch of so many keys is sent at once, before the turn ends: the store works on it while this process works on the rest.
 * Measured with 64 readers of 1 KiB on Redis: 1.2 times the reads. Batches of 8 and 4 cost more than they gain.
 */
const FULL_KEYS = 32

interface Waiting {
  readonly key: string
  readonly promise: Promise<StoreEntry | undefined>
  readonly resolve: (entry: ReturnType<Open>) => void
  readonly reject: (error: unknown) => void
  /** Whether several callers get the result. */
  shared: boolean
}

/**
 * Sends the reads of one turn of the event loop to the store in few batches, each key once. Measured with 64 readers of
 * 1 KiB on Redis: 4.4 times the reads of single GETs.
 *
 * A read is shared only by callers that came before it was sent: a later caller may have to see a later delete.
 */
export class Reader {
  readonly #store: Reads
  readonly #open: Open
  #next = new Map<string, Waiting>()
  #scheduled = false

  constructor(store: Reads, open: Open) {
    this.#store = store
    this.#open = open
  }

  /** @throws what the store's `get` throws. */
  read(key: string): Promise<StoreEntry | undefined> {
    const other = this.#next.get(key)
    if (other !== undefined) {
      other.shared = true
      return other.promise
    }
    const waiting = waitingFor(key)
    this.#next.set(key, waiting)
    if (this.#next.size >= FULL_KEYS) {
      this.#send()
    } else if (!this.#scheduled) {
      this.#scheduled = true
      // After the microtasks of this turn, so that all callers woken by one reply of the store share the next batch.
      process.nextTick(this.#onTurnsEnd)
    }
    return waiting.promise
  }

  readonly #onTurnsEnd = (): void => {
    this.#scheduled = false
    this.#send()
  }

  #send(): void {
    const batch = [...this.#next.values()]
    // A new Map instead of `clear`: the old table of a cleared Map points to the next one, so a table that survived a minor
    // collection keeps all later ones, with every reply in them, until a full collection (measured: three times as many).
    this.#next = new Map()
    const [first] = batch
    if (batch.length === 1) this.#sendOne(first as Waiting)
    else if (batch.length > 1) this.#sendBatch(batch)
  }

  #sendBatch(batch: readonly Waiting[]): void {
    this.#store.getEach(batch.map(({ key }) => key)).then(
      (outcomes) => {
        for (let index = 0; index < batch.length; index++) {
          const waiting = batch[index] as Waiting
          const outcome = outcomes[index]
          if (!(outcome instanceof Error)) this.#found(waiting, outcome)
          // Where the store does not show its servers, one that is down fails the keys on the others as well.
          else if (outcome instanceof StoreUnavailableError) this.#sendOne(waiting)
          else waiting.reject(outcome)
        }
      },
      (error) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }

  #sendOne(waiting: Waiting): void {
    try {
      this.#store.getTo(waiting.key, (entry) => this.#found(waiting, entry), waiting.reject)
    } catch (error) {
      waiting.reject(error)
    }
  }

  #found({ key, resolve, shared }: Waiting, entry: StoreEntry | undefined): void {
    resolve(this.#open(key, shared && entry?.owned ? { ...entry, owned: false } : entry))
  }
}

function waitingFor(key: string): Waiting {
  let resolve!: Waiting['resolve']
  let reject!: Waiting['reject']
  const promise = new Promise<StoreEntry | undefined>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { key, promise, resolve, reject, shared: false }
}
