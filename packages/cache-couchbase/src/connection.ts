import type { StoreUnavailableError } from '@tiercel/cache-core/store'
import { type Cluster, Collection, connect } from 'couchbase'
import { errors, isAnswer, isMissing, isOutdatedMap, reasonOf } from './errors.js'
import { Lookout, type NodeAnswer } from './lookout.js'
import type { Target } from './options.js'
import { Silence } from './silence.js'

/** How long operations are refused at once after an attempt to connect has failed, before one of them begins another. */
const RETRY_AFTER_MS = 250
/** A node that was silent and answers has perhaps answered on the connections that stand, too. */
const GRACE_MS = 50
/** Nodes that are back together are connected to once. */
const TOGETHER_MS = 10

/**
 * The way to the collection. The first operation connects, at most one attempt runs at a time, and a failed one is not
 * kept: a later operation begins another. Operations wait for the first attempt as long as for an answer; after that,
 * and while a failed attempt is being repeated, they are refused at once.
 *
 * While nothing is answered the nodes themselves are asked. As soon as one is back, and the SDK does not answer at once,
 * its cluster, or its attempt to connect, is left for a new one.
 */
export class Connection {
  readonly #target: Target | undefined
  readonly #probeKey: string
  readonly #patienceMs: number
  readonly #silence = new Silence()
  readonly #lookout: Lookout
  #collection: Promise<Collection> | undefined
  #cluster: Cluster | undefined
  /** Counts attempts to connect: those before the last have been left. */
  #attempts = 0
  #failure: StoreUnavailableError | undefined
  #refuse: (error: Error) => void = () => {}
  #grace: NodeJS.Timeout | undefined
  /** Told when it is worth asking again: a new connection stands, or a node is back. */
  onReachable: () => void = () => {}
  #closed = false

  /** @param probeKey A key under which nothing can stand. */
  constructor(source: Target | Collection, probeKey: string, patienceMs: number) {
    this.#target = source instanceof Collection ? undefined : source
    this.#collection = source instanceof Collection ? Promise.resolve(source) : undefined
    this.#probeKey = probeKey
    this.#patienceMs = patienceMs
    this.#lookout = new Lookout(this.#target?.nodes ?? [], this.#onNodeAnswer)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @throws StoreClosedError, StoreUnavailableError, and what the operation throws. */
  async run<T>(operation: (collection: Collection) => Promise<T>): Promise<T> {
    const collection = await this.collection()
    if (this.#silence.asked()) this.#lookOut()
    try {
      const result = await operation(collection)
      this.#answeredOn(collection)
      return result
    } catch (error) {
      if (isAnswer(error)) this.#answeredOn(collection)
      // What stands there now is another cluster, or hears nothing.
      if (this.#isOwn(collection) && (isOutdatedMap(error) || this.#silence.isTooLong())) this.#connectAnew()
      throw error
    }
  }

  /** @throws StoreClosedError, StoreUnavailableError */
  collection(): Promise<Collection> {
    this.#collection ??= this.#connect(this.#target as Target)
    return this.#collection
  }

  /** The SDK cannot end an attempt to connect: such a cluster is closed as soon as it stands. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#lookout.end()
    this.#refuse(errors.closed())
    this.#collection = rejected(errors.closed())
    await this.#cluster?.close()
  }

  /** What a cluster says that was left shows nothing. */
  #answeredOn(collection: Collection): void {
    if (this.#target === undefined || this.#isOwn(collection)) this.#answered()
  }

  #answered(): void {
    this.#silence.answered()
    if (this.#lookout.looks) this.#lookout.end()
  }

  #lookOut(): void {
    if (!this.#closed && this.#target !== undefined) this.#lookout.begin()
  }

  readonly #onNodeAnswer = ({ wasAway, wasGone }: NodeAnswer): void => {
    // It answers others: what is asked on these connections is not heard.
    if (!wasAway) {
      if (this.#silence.isTooLong()) this.#connectAnew()
      return
    }
    this.onReachable()
    const graceMs = wasGone || this.#cluster === undefined ? TOGETHER_MS : GRACE_MS
    this.#grace ??= setTimeout(() => {
      this.#grace = undefined
      if (this.#lookout.looks) this.#connectAnew()
    }, graceMs).unref()
  }

  /** And in use: not one that was left. */
  #isOwn({ cluster }: Collection): boolean {
    return cluster === this.#cluster
  }

  #connectAnew(): void {
    if (this.#closed) return
    const left = this.#cluster
    this.#cluster = undefined
    this.#collection = undefined
    this.#refuse(errors.notConnected('connecting anew'))
    left?.close().catch(() => {})
    this.collection().catch(() => {})
  }

  #connect(target: Target): Promise<Collection> {
    const attempt = ++this.#attempts
    const isLeft = (): boolean => this.#closed || attempt !== this.#attempts
    return new Promise((resolve, reject) => {
      this.#refuse = reject
      if (this.#failure !== undefined) reject(this.#failure)
      const patience = setTimeout(() => {
        reject(errors.notConnected('still connecting'))
        if (!isLeft()) this.#lookOut()
      }, this.#patienceMs).unref()
      this.#attempt(target, isLeft)
        .then(
          (collection) => {
            resolve(collection)
            if (isLeft()) return
            this.#failure = undefined
            this.#collection = Promise.resolve(collection)
            this.#answered()
            this.onReachable()
          },
          (cause) => {
            if (!isLeft()) this.#failed(errors.notConnected(reasonOf(cause), cause))
          },
        )
        .finally(() => clearTimeout(patience))
    })
  }

  #failed(failure: StoreUnavailableError): void {
    this.#refuse(failure)
    const refusal = rejected(failure)
    this.#failure = failure
    this.#collection = refusal
    setTimeout(() => {
      if (this.#collection === refusal) this.#collection = undefined
    }, RETRY_AFTER_MS).unref()
  }

  /** Connects, and opens the bucket by asking for a document: a wrong password or name is found out here, once. */
  async #attempt({ connectionString, options, open }: Target, isLeft: () => boolean): Promise<Collection> {
    const cluster = await connect(connectionString, options)
    try {
      if (isLeft()) throw errors.closed()
      this.#cluster = cluster
      const collection = open(cluster)
      await probe(collection, this.#probeKey, this.#patienceMs)
      return collection
    } catch (error) {
      if (this.#cluster === cluster) this.#cluster = undefined
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
