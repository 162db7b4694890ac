import type { Redis } from 'ioredis'
import { isReply } from './errors.js'
import type { Link } from './link.js'
import { Spacing } from './spacing.js'

/**
 * After a failover the old address may lead to a replica, and a new connection to the new master. It is looked for
 * beside the connection that stands, one attempt at a time and ever more seldom, so that reads go on where there is no
 * master to be found; the connection is replaced when another one leads to a server that takes writes. So is that to a
 * cluster all of whose nodes have other addresses by now: ioredis would go on asking the old ones.
 */
export class MasterSearch {
  readonly #open: () => Link
  readonly #isRight: (link: Link) => Promise<boolean>
  readonly #adopt: (link: Link) => void
  readonly #spacing = new Spacing()
  #candidate: Link | undefined

  /** @param isRight Whether a link that stands is the one to go on with. */
  constructor(open: () => Link, isRight: (link: Link) => Promise<boolean>, adopt: (link: Link) => void) {
    this.#open = open
    this.#isRight = isRight
    this.#adopt = adopt
  }

  /** A write was answered `READONLY`, or no node answers. */
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

/** A server that does not say what it is, since the user may not ask, is taken at its word when it answers a write. */
export async function leadsToMaster({ client }: Link): Promise<boolean> {
  try {
    const [role] = (await (client as Redis).role()) as unknown[]
    return String(role) === 'master'
  } catch (error) {
    return isReply(error)
  }
}
