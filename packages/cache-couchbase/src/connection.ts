import type { StoreUnavailableError } from '@tiercel/cache-core/store'
import { type Cluster, Collection, connect } from 'couchbase'
import { errors, isMissing, reasonOf } from './errors.js'
import type { Target } from './options.js'

/** How long operations are refused at once after an attempt to connect has failed, before one of them begins another. */
const RETRY_AFTER_MS = 250

/**
 * The way to the collection. The first operation connects, at most one attempt runs at a time, and a failed one is not
 * kept: a later operation begins another. Operations wait for the first attempt as long as for an answer; after that,
 * and while a failed attempt is being repeated, they are refused at once.
 */
export class Connection {
  readonly #target: Target | undefined
  readonly #probeKey: string
  readonly #patienceMs: number
  #collection: Promise<Collection> | undefined
  #cluster: Cluster | undefined
  #failure: StoreUnavailableError | undefined
  #refuse: (error: Error) => void = () => {}
  /** Told when an attempt to connect has succeeded. */
  onConnected: () => void = () => {}
  #closed = false

  /** @param probeKey A key under which nothing can stand. */
  constructor(source: Target | Collection, probeKey: string, patienceMs: number) {
    this.#target = source instanceof Collection ? undefined : source
    this.#collection = source instanceof Collection ? Promise.resolve(source) : undefined
    this.#probeKey = probeKey
    this.#patienceMs = patienceMs
  }

  /** @throws StoreClosedError, StoreUnavailableError */
  collection(): Promise<Collection> {
    this.#collection ??= this.#connect(this.#target as Target)
    return this.#collection
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Leaves a cluster that is known to be of no use, and connects to what stands there now. */
  renew(failed: Collection): void {
    if (this.#closed || this.#target === undefined || failed.cluster !== this.#cluster) return
    const left = this.#cluster
    this.#cluster = undefined
    this.#collection = undefined
    left.close().catch(() => {})
    this.collection().catch(() => {})
  }

  /** The SDK cannot end an attempt to connect: such a cluster is closed as soon as it stands. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#refuse(errors.closed())
    this.#collection = rejected(errors.closed())
    await this.#cluster?.close()
  }

  #connect(target: Target): Promise<Collection> {
    return new Promise((resolve, reject) => {
      this.#refuse = reject
      if (this.#failure !== undefined) reject(this.#failure)
      const patience = setTimeout(() => reject(errors.notConnected('still connecting')), this.#patienceMs).unref()
      this.#attempt(target)
        .then(
          (collection) => {
            this.#failure = undefined
            resolve(collection)
            if (this.#closed) return
            this.#collection = Promise.resolve(collection)
            this.onConnected()
          },
          (cause) => this.#failed(errors.notConnected(reasonOf(cause), cause)),
        )
        .finally(() => clearTimeout(patience))
    })
  }

  #failed(failure: StoreUnavailableError): void {
    this.#refuse(failure)
    if (this.#closed) return
    this.#failure = failure
    this.#collection = rejected(failure)
    setTimeout(() => {
      if (!this.#closed) this.#collection = undefined
    }, RETRY_AFTER_MS).unref()
  }

  /** Connects, and opens the bucket by asking for a document: a wrong password or name is found out here, once. */
  async #attempt({ connectionString, options, open }: Target): Promise<Collection> {
    const cluster = await connect(connectionString, options)
    this.#cluster = cluster
    try {
      if (this.#closed) throw errors.closed()
      const collection = open(cluster)
      await probe(collection, this.#probeKey, this.#patienceMs)
      return collection
    } catch (error) {
      this.#cluster = undefined
      await cluster.close()
      throw error
    }
  }
}

/** Resolves when the node that the key belongs to has answered. */
export async function probe(collection: Collection, key: string, timeout: number): Promise<void> {
  try {
    await collection.get(key, { timeout })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** A rejection that nobody may ever look at. */
function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}
