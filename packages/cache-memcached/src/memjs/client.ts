import { exceedsBytes } from '@tiercel/cache-core/store-kit'
import { Client, type Response } from 'memjs'
import type { Address, Bounds } from './address.js'
import { KetamaRing } from './ketama-ring.js'
import { type Command, decode, encode, type Reply, toResponse } from './message.js'
import { MAX_KEY_BYTES, MAX_SEQUENCE } from './protocol.js'
import { HardenedServer } from './server.js'

/**
 * memjs's `Client` on hardened servers: ketama instead of modulo, a sequence number that wraps correctly, no logging,
 * no failover, and no retries, since a repeated conditional write conflicts with its own first attempt. All of memjs's
 * commands work on it. `call` adds what they lack: sending and receiving CAS numbers, and 64-bit answers.
 */
export class HardenedClient extends Client {
  declare seq: number
  declare readonly servers: readonly HardenedServer[]
  readonly #ring: KetamaRing

  constructor(addresses: readonly Address[], bounds: Bounds) {
    super(
      addresses.map((address) => new HardenedServer(address, bounds)),
      { retries: 1, failover: false, logger: { log: () => {} } },
    )
    this.#ring = new KetamaRing(addresses.map(({ host, port }) => `${host}:${port}`))
  }

  /**
   * Resolves with an answer of any status. Without one, rejects with `NotSentError` or `NoReplyError` as translated by
   * `toError` (which saves the promise that translating afterwards would take).
   */
  call(command: Command, toError: (cause: Error) => Error = itself, server = this.server(command.key)): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (isTooLong(command.key)) {
        reject(keyTooLong())
        return
      }
      this.incrSeq()
      server.submit({
        request: encode(command, this.seq),
        sequence: this.seq,
        onReply(message, connection) {
          resolve(decode(message, connection))
        },
        onFailure(error) {
          reject(toError(error))
        },
      })
    })
  }

  /** Asks all servers and resolves with the first answer. Rejects if none of them answers. */
  anyAnswer(command: Command, toError: (cause: Error) => Error): Promise<Reply> {
    const answers = this.servers.map((server) => this.call(command, toError, server))
    return Promise.any(answers).catch(({ errors }: AggregateError) => Promise.reject(errors[0]))
  }

  /** Waits for the answers that are due, then closes. */
  async drain(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.drain()))
  }

  override server(key: string): HardenedServer {
    return this.servers[this.servers.length === 1 ? 0 : this.#ring.locate(key)] as HardenedServer
  }

  /** A string because memjs declares one, though it uses it as an index. */
  override getServer(key: string): string {
    return String(this.#ring.locate(key))
  }

  /** memjs's own commands end up here. */
  override perform(
    key: string,
    request: Buffer,
    sequence: number,
    callback?: (error: Error | null, response?: Response | null) => void,
  ): void {
    if (isTooLong(key)) {
      callback?.(keyTooLong(), null)
      return
    }
    this.server(key).submit({
      request,
      sequence,
      onReply(message) {
        callback?.(null, toResponse(message))
      },
      onFailure(error) {
        callback?.(error, null)
      },
    })
  }

  override incrSeq(): void {
    this.seq = this.seq >= MAX_SEQUENCE ? 1 : this.seq + 1
  }
}

const itself = (cause: Error): Error => cause

/** memcached closes the connection on such a key. It is refused here so that only its own call fails. */
function isTooLong(key: string): boolean {
  return exceedsBytes(key, MAX_KEY_BYTES)
}

function keyTooLong(): RangeError {
  return new RangeError(`a key may have at most ${MAX_KEY_BYTES} bytes`)
}
