import { type CancelTimer, systemClock } from '@tiercel/cache-core/store-kit'
import { Server } from 'memjs'
import type { Address, Bounds } from './address.js'
import { type Call, Connection } from './connection.js'
import { NotSentError } from './errors.js'
import { toResponse } from './message.js'

/**
 * - `idle`: not connected, with no sign that the server is away. The first call connects and waits.
 * - `connecting`: calls wait.
 * - `up`: calls are sent.
 * - `down`: the last attempt failed. Calls fail immediately; attempts continue in the background while there are calls.
 */
type State = 'idle' | 'connecting' | 'up' | 'down'

/**
 * memjs's `Server` with its input and output replaced: each socket has its own `Connection`, and failures are reported
 * immediately. What memjs's `Client` needs of a server (`onResponse`, `onError`, `write`, `close`) works on it.
 */
export class HardenedServer extends Server {
  /** Called when a connection has been established. */
  onReachable: () => void = () => {}
  readonly #bounds: Bounds
  readonly #address: Address
  #state: State = 'idle'
  #connection: Connection | undefined
  #waiting: Call[] = []
  #lastFailure: Error | undefined
  /** A call has been turned away since the last attempt. */
  #missed = false
  /** Will replace a silent connection, unless that answers first. */
  #replacement: Connection | undefined
  #cancelProbe: CancelTimer | undefined
  #closed = false

  constructor(address: Address, bounds: Bounds) {
    super(address.host, address.port, address.username, address.password)
    this.#address = address
    this.#bounds = bounds
  }

  /** The number of the connection that a call sent now would use; `undefined` when there is none. */
  get connectionNumber(): number | undefined {
    return this.#state === 'up' ? this.#connection?.number : undefined
  }

  submit(call: Call): void {
    if (this.#state === 'idle' && !this.#closed) {
      this.#state = 'connecting'
      this.#connect()
    }
    const connection = this.#state === 'up' ? this.#connection : undefined
    if (this.#closed) call.onFailure(new NotSentError('the client is closed'))
    else if (this.#state === 'connecting') this.#waiting.push(call)
    else if (connection === undefined) this.#turnAway(call)
    else if (connection.silent) call.onFailure(new NotSentError(`${this.host}:${this.port} does not answer`))
    else connection.send(call)
  }

  /** memjs's form of `submit`: it has registered the callbacks under the request's sequence number. */
  override write(request: Uint8Array | string): void {
    const bytes = Buffer.from(request as Uint8Array)
    const sequence = bytes.readUInt32BE(12)
    const onResponse = this.responseCallbacks[sequence]
    const onError = this.errorCallbacks[sequence]
    delete this.responseCallbacks[sequence]
    delete this.errorCallbacks[sequence]
    this.submit({
      request: bytes,
      sequence,
      onReply: (message) => onResponse?.(toResponse(message)),
      onFailure: (error) => onError?.(error),
    })
  }

  /** Ends immediately and fails all pending calls. */
  override close(): void {
    this.#closed = true
    const reason = new Error('the client was closed')
    this.#cancelProbe?.()
    this.#replacement?.end(reason)
    this.#connection?.end(reason)
  }

  /** Waits for outstanding answers, then closes. */
  async drain(): Promise<void> {
    this.#closed = true
    if (this.#state === 'up') await this.#connection?.drain()
    this.close()
  }

  #connect(): void {
    this.#connection = this.#newConnection(() => {
      this.#state = 'up'
      for (const call of this.#takeWaiting()) this.#connection?.send(call)
      this.onReachable()
    })
  }

  #newConnection(onUp: () => void): Connection {
    const connection: Connection = new Connection(this.#address, this.#bounds, {
      onUp,
      onSilent: () => {
        if (this.#replacement === undefined) this.#probe(this.#seekReplacement)
      },
      onDown: (error) => {
        if (connection === this.#connection) this.#onDown(error)
        else if (connection === this.#replacement) this.#onReplacementDown()
      },
    })
    return connection
  }

  #onDown(error: Error): void {
    const wasUp = this.#state === 'up'
    this.#connection = undefined
    this.#state = wasUp ? 'idle' : 'down'
    this.#lastFailure = error
    this.#cancelProbe?.()
    this.#replacement?.end(error)
    for (const call of this.#takeWaiting()) call.onFailure(this.#notReachable())
    if (!wasUp) this.#probe(this.#reconnect)
  }

  /**
   * A frozen server does not answer on a new connection either, and once it resumes it answers on the old one first. So
   * if a new connection is answered and the old one still is not, the old one is dead.
   */
  readonly #seekReplacement = (): void => {
    if (this.#connection?.silent !== true) return
    this.#replacement = this.#newConnection(() => this.#probe(this.#replace))
  }

  readonly #replace = (): void => {
    const [silent, replacement] = [this.#connection, this.#replacement]
    this.#replacement = undefined
    if (silent?.silent !== true) {
      replacement?.end(new Error('not needed'))
      return
    }
    this.#connection = replacement
    this.onReachable()
    silent.end(new Error('no answer, but a new connection has one'))
  }

  #onReplacementDown(): void {
    this.#replacement = undefined
    if (this.#state === 'up') this.#probe(this.#seekReplacement)
  }

  /** Tries again only if there has been a call since the last attempt. */
  readonly #reconnect = (): void => {
    if (this.#missed) {
      this.#missed = false
      this.#connect()
    } else {
      this.#state = 'idle'
    }
  }

  #probe(attempt: () => void): void {
    this.#cancelProbe?.()
    if (!this.#closed) this.#cancelProbe = systemClock.after(this.#bounds.probeIntervalMs, attempt)
  }

  #turnAway(call: Call): void {
    this.#missed = true
    call.onFailure(this.#notReachable())
  }

  #takeWaiting(): Call[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  #notReachable(): NotSentError {
    const cause: NodeJS.ErrnoException | undefined = this.#lastFailure
    // A name with several addresses fails with an AggregateError, which has a code but no message.
    return new NotSentError(`${this.host}:${this.port} is not reachable: ${cause?.message || cause?.code}`, { cause })
  }
}
