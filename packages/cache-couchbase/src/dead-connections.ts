import { type Cluster, PingState, ServiceType } from 'couchbase'
import { askNode } from './ask-node.js'

/** The nodes are asked twice, since one that was frozen may just have woken up. All times here are in milliseconds. */
const ASKED_FOR_MS = [250, 250]
/** If new connections turn out dead as well, the wait for the next ones doubles from the first of these to the second. */
const SHORTEST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 60_000
/** That shows within this time after the wait. What is found later is another failure, and not to be waited for so long. */
const SHOWS_WITHIN_MS = 3_000

/**
 * Looks for connections whose peer is gone without a word. Where other nodes answer, that does not show as silence, and
 * the SDK notices it after a minute, if at all.
 */
export class DeadConnections {
  readonly #onFound: (cluster: Cluster) => void
  #looking = false
  #foundAt = Number.NEGATIVE_INFINITY
  #pauseMs = SHORTEST_PAUSE_MS

  /** @param onFound Called with a cluster that needs new connections. */
  constructor(onFound: (cluster: Cluster) => void) {
    this.#onFound = onFound
  }

  /** To be called when an operation was not answered. */
  async lookIn(cluster: Cluster, tls: boolean): Promise<void> {
    if (this.#looking || performance.now() - this.#foundAt < this.#pauseMs) return
    this.#looking = true
    const found = await hasDeadConnection(cluster, tls).catch(() => false)
    this.#looking = false
    if (!found) return
    const now = performance.now()
    const isAnother = now - this.#foundAt > this.#pauseMs + SHOWS_WITHIN_MS
    this.#pauseMs = isAnother ? SHORTEST_PAUSE_MS : Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS)
    this.#foundAt = now
    this.#onFound(cluster)
  }
}

/** Whether a node answers others but not this cluster. */
async function hasDeadConnection(cluster: Cluster, tls: boolean): Promise<boolean> {
  for (const timeout of ASKED_FOR_MS) {
    const { services } = await cluster.ping({ serviceTypes: [ServiceType.KeyValue], timeout })
    const silent = Object.values(services)
      .flat()
      .filter(({ state }) => state === PingState.Timeout)
    const states = await Promise.all(silent.map(({ remote }) => askNode({ ...addressOf(remote), tls })))
    if (!states.includes('answers')) return false
  }
  return true
}

/** @param remote As `host:port`, an IPv6 address in brackets. */
function addressOf(remote: string): { host: string; port: number } {
  const portAt = remote.lastIndexOf(':')
  return { host: remote.slice(0, portAt).replace(/^\[|\]$/g, ''), port: Number(remote.slice(portAt + 1)) }
}
