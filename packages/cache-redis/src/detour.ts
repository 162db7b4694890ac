import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from './connection.js'
import { isReply } from './errors.js'
import { Spacing } from './spacing.js'

/** Between two looks whether writes are answered. A write that the server holds back is one look, however long it takes. */
const LOOK_MS = 100

/**
 * A second connection for reads, for as long as nothing is answered on the first one and a new one answers. Redis
 * answers a connection in order: behind a write that it holds back (`CLIENT PAUSE … WRITE`, and so a planned failover)
 * nothing is answered. Writes stay where they are, in their order. Once one of them is answered, reads go back.
 */
export class Detour {
  readonly #main: Connection
  readonly #open: () => Connection
  readonly #use: (connection: Connection) => void
  readonly #spacing = new Spacing()
  #way: Connection | undefined
  #closed = false

  /** @param use Takes the connection that reads go over from now on. */
  constructor(main: Connection, open: () => Connection, use: (connection: Connection) => void) {
    this.#main = main
    this.#open = open
    this.#use = use
  }

  /** For a server that does not answer. @param engineKey On this server; nobody reads it. */
  begin(engineKey: string): void {
    // A connection that does not stand is made anew as it is.
    if (this.#way !== undefined || this.#closed || !this.#main.ready || !this.#spacing.take()) return
    void this.#go(this.#open(), engineKey)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#way?.close()
  }

  async #go(way: Connection, engineKey: string): Promise<void> {
    this.#way = way
    if (await this.#isShorter(way)) {
      this.#use(way)
      while (!(await this.#takesWrites(engineKey))) await delay(LOOK_MS, undefined, { ref: false })
      this.#use(this.#main)
    }
    this.#way = undefined
    await way.retire()
  }

  /** Whether it answers before the connection in use does. */
  async #isShorter(way: Connection): Promise<boolean> {
    const onMain = this.#main.client.ping().then(
      () => false,
      () => false,
    )
    const onWay = way.connected('ping').then(() => way.client.ping())
    return Promise.race([
      onMain,
      onWay.then(
        () => !this.#closed,
        () => false,
      ),
    ])
  }

  /** Any answer will do; without a connection there is none. */
  async #takesWrites(engineKey: string): Promise<boolean> {
    try {
      await this.#main.client.unlink(engineKey)
      return true
    } catch (error) {
      return this.#closed || isReply(error)
    }
  }
}
