import { setTimeout as delay } from 'node:timers/promises'
import { askNode, type NodeAddress } from './ask-node.js'

/** How soon a node is asked again that was not there, */
const AGAIN_MS = 50
/** and one that was. */
const AGAIN_IF_THERE_MS = 250

/** What is told of a node that answers: whether it did not before, and if so, whether connections to it are lost for certain. */
export interface NodeAnswer {
  readonly wasAway: boolean
  readonly wasGone: boolean
}

/**
 * Looks out for nodes that answer. The SDK tries a lost connection every half second, and gives an operation that it
 * could not send up to a second more; an operation of a cache has 50 ms.
 */
export class Lookout {
  readonly #nodes: readonly NodeAddress[]
  readonly #onAnswer: (answer: NodeAnswer) => void
  #looking: AbortController | undefined

  /** @param onAnswer Told of each answer of a node, as long as it looks. */
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
