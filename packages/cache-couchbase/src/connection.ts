import type { StoreUnavailableError } from '@tiercel/cache-core/store'
import { type Cluster, Collection, connect, TimeoutError } from 'couchbase'
import { DeadConnections } from './dead-connections.js'
import { errors, isAnswer, isMissing, isOutdatedMap, reasonOf } from './errors.js'
import { Lookout, type NodeAnswer } from './lookout.js'
import type { Target } from './options.js'
import { Silence } from './silence.js'

/** For this long after a failed attempt to connect, operations are refused immediately instead of starting another. */
const RETRY_AFTER_MS = 250
/** A node that was silent and answers again may answer on the existing connections, too: they get this long. */
const GRACE_MS = 50
/** An operation has had all its time, and has failed, after its timeout and this much more. */
const SPARE_MS = 500
/** Nodes that come back within this time are connected to together. */
const TOGETHER_MS = 10
/** After that, the next one has to wait: on a busy machine connecting takes long, and starting over takes longer. */
const FRESH_MS = 500

/**
 * Provides the collection. The first operation connects; at most one attempt runs at a time; after a failed one, a
 * later operation starts another. Operations wait for the first attempt as long as for an answer. After that, and while
 * a failed attempt is being repeated, they are refused immediately.
 *
 * While nothing is answered, the nodes are asked directly. Once one is back and the SDK still does not answer, its
 * cluster (or its attempt to connect) is abandoned for a new one.
 */
export class Connection {
  readonly #target: Target | undefined
  readonly #probeKey: string
  readonly #patienceMs: number
  readonly #silence = new Silence(() => this.#lookOut())
  readonly #lookout: Lookout
  readonly #deadConnections = new DeadConnections((cluster) => {
    if (cluster === this.#cluster) this.#connectAnew()
  })
  #collection: Promise<Collection> | undefined
  #cluster: Cluster | undefined
  /** The number of attempts to connect so far. All but the last have been abandoned. */
  #attempts = 0
  #failure: StoreUnavailableError | undefined
  #refuse: (error: Error) => void = () => {}
  #grace: NodeJS.Timeout | undefined
  /** When the last connection was made because a node was back. */
  #backAt = Number.NEGATIVE_INFINITY
  /** Called when it is worth asking again: there is a new connection, or a node is back. */
  onReachable: () => void = () => {}
  #closed = false

  /** @param probeKey A key that is never used for a value. @param patienceMs How long to wait, in milliseconds. */
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
    this.#silence.asked()
    try {
      const result = await operation(collection)
      this.#answeredOn(collection)
      return result
    } catch (error) {
      if (isAnswer(error)) this.#answeredOn(collection)
      if (this.#isOwn(collection)) this.#doubt(collection, error)
      throw error
    }
  }

  /** After a failure. */
  #doubt({ cluster }: Collection, error: unknown): void {
    // The nodes belong to another cluster by now, or do not hear us.
    if (isOutdatedMap(error) || this.#silence.isTooLong()) this.#connectAnew()
    else if (error instanceof TimeoutError) void this.#deadConnections.lookIn(cluster, this.#hasTls)
  }

  get #hasTls(): boolean {
    return this.#target?.nodes[0]?.tls ?? false
  }

  /** @throws StoreClosedError, StoreUnavailableError */
  collection(): Promise<Collection> {
    this.#collection ??= this.#connect(this.#target as Target)
    return this.#collection
  }

  /** The SDK cannot cancel an attempt to connect: that cluster is closed as soon as it is connected. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#lookout.end()
    this.#refuse(errors.closed())
    this.#collection = rejected(errors.closed())
    await this.#cluster?.close()
  }

  /** Ignores answers from an abandoned cluster. */
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
    // The node answers others but not us: the existing connections are dead.
    if (!wasAway) {
      // Unless something is still under way: a value of 20 MB takes seconds on a slow line.
      if (this.#silence.isTooLong(this.#patienceMs + SPARE_MS)) this.#connectAnew()
      return
    }
    // An attempt that was waiting for this node has its answer now.
    if (this.#cluster === undefined && !wasGone) return
    this.onReachable()
    if (this.#grace !== undefined) return
    this.#grace = setTimeout(
      () => {
        this.#grace = undefined
        const now = performance.now()
        if (!this.#lookout.looks || now - this.#backAt < FRESH_MS) return
        this.#backAt = now
        this.#connectAnew()
      },
      wasGone ? TOGETHER_MS : GRACE_MS,
    ).unref()
  }

  /** Whether it belongs to the cluster in use, which is the store's own and not abandoned. */
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

  /** Connects and reads a document, which opens the bucket: wrong passwords and names fail here, once. */
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

/** Resolves when the node that holds the key has answered. */
export async function probe(collection: Collection, key: string, timeout: number): Promise<void> {
  try {
    await collection.get(key, { timeout })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** A rejected promise that may remain unhandled. */
function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}
