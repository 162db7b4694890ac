import { setTimeout as delay } from 'node:timers/promises'
import { askNode, type NodeAddress } from './ask-node.js'

/** How long after a failed question a node is asked again. */
const AGAIN_MS = 25
/** How long after an answer a node is asked again. */
const AGAIN_IF_THERE_MS = 250

export interface NodeAnswer {
  /** The node did not answer the previous question. */
  readonly wasAway: boolean
  /** Since its previous answer the node was gone, so all connections to it are certainly lost. */
  readonly wasGone: boolean
}

/**
 * Watches for nodes that answer. The SDK retries a lost connection every half second, and an operation that it could
 * not send after up to a second more; an operation of a cache has 50 ms.
 */
export class Lookout {
  readonly #nodes: readonly NodeAddress[]
  readonly #onAnswer: (answer: NodeAnswer) => void
  #looking: AbortController | undefined

  /** @param onAnswer Called for each answer of a node, between `begin` and `end`. */
  constructor(nodes: readonly NodeAddress[], onAnswer: (answer: NodeAnswer) => void) {
    this.#nodes = nodes
    this.#onAnswer = onAnswer
  }

  get looks(): boolean {
    return this.#looking !== undefined
  }

  begin(): void {
    if (this.#looking !== undefined) return
    this.#looking = new AbortController()
    for (const node of this.#nodes) void this.#look(node, this.#looking.signal)
  }

  end(): void {
    this.#looking?.abort()
    this.#looking = undefined
  }

  async #look(node: NodeAddress, ended: AbortSignal): Promise<void> {
    let wasAway = false
    let wasGone = false
    while (!ended.aborted) {
      const state = await askNode(node)
      if (ended.aborted) return
      const isThere = state === 'answers'
      if (isThere) this.#onAnswer({ wasAway, wasGone })
      if (ended.aborted) return
      wasAway = !isThere
      wasGone = !isThere && (wasGone || state === 'gone')
      await delay(isThere ? AGAIN_IF_THERE_MS : AGAIN_MS, undefined, { ref: false, signal: ended }).catch(() => {})
    }
  }
}
