import type { Redis } from 'ioredis'
import { isReply } from './errors.js'
import type { Link } from './link.js'
import { Spacing } from './spacing.js'

/**
 * Looks for a better link, one attempt at a time and at growing intervals. Until it finds one, the present link stays
 * in use, so that reads go on. Two cases need this:
 * - after a failover, the old address may lead to a replica, while a new connection leads to the new master;
 * - when all nodes of a cluster have new addresses, ioredis goes on asking the old ones.
 */
export class LinkSearch {
  readonly #open: () => Link
  readonly #isRight: (link: Link) => Promise<boolean>
  readonly #adopt: (link: Link) => void
  readonly #spacing = new Spacing()
  #candidate: Link | undefined

  /**
   * @param isRight Whether an open link should replace the one in use.
   * @param adopt Takes the new link over; its owner releases the old one.
   */
  constructor(open: () => Link, isRight: (link: Link) => Promise<boolean>, adopt: (link: Link) => void) {
    this.#open = open
    this.#isRight = isRight
    this.#adopt = adopt
  }

  /** For a write answered `READONLY`, or a cluster of which no node answers. Only one search runs at a time. */
  begin(): void {
    if (this.#candidate === undefined && this.#spacing.take()) void this.#search()
  }

  async close(): Promise<void> {
    const candidate = this.#candidate
    this.#candidate = undefined
    await candidate?.release()
  }

  async #search(): Promise<void> {
    const candidate = this.#open()
    this.#candidate = candidate
    await candidate.open()
    const found = candidate.ready && (await this.#isRight(candidate))
    if (this.#candidate !== candidate) return
    this.#candidate = undefined
    if (found) this.#adopt(candidate)
    else await candidate.release()
  }
}

/** If the user may not ask for the role, the server counts as a master until it refuses a write. */
export async function leadsToMaster({ client }: Link): Promise<boolean> {
  try {
    const [role] = (await (client as Redis).role()) as unknown[]
    return String(role) === 'master'
  } catch (error) {
    return isReply(error)
  }
}
