import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type CancelTimer, systemClock } from '@tiercel/cache-core/store-kit'
import type { Address, Bounds } from './address.js'
import { NoReplyError, NotSentError } from './errors.js'
import { type Command, encode, type Message, opcodeOf, sequenceOf, statusOf } from './message.js'
import { HEADER_BYTES, Opcode, Status } from './protocol.js'
import { ReplyReader } from './reply-reader.js'

/** A request and its callbacks. One of them is called, once; only for statistics is `onReply` called for each line. */
export interface Call {
  readonly request: Buffer
  /** The request's sequence number, as it stands in its header. */
  readonly sequence: number
  /** @param connection The number of the connection that answered. */
  onReply(message: Message, connection: number): void
  onFailure(error: Error): void
}

export interface ConnectionEvents {
  /** Connected, authenticated and answering. */
  onUp(): void
  /** An answer has been outstanding for longer than the timeout. */
  onSilent(): void
  /** Ended for good. All pending calls have been failed. */
  onDown(error: Error): void
}

/** Numbers all connections of this process, so that no number is used twice. */
let connections = 0

/** The sequence number of the handshake; those of requests begin at 1. */
const HANDSHAKE = 0

/** Takes an answer that nobody waits for any more. */
const ABANDONED: Pick<Call, 'onReply' | 'onFailure'> = { onReply: () => {}, onFailure: () => {} }

/** Keeps idle connections alive through NATs, which usually forget them after some minutes. */
const KEEP_ALIVE_MS = 30_000

/** Requests of one turn are merged into one write up to this size; beyond it copying costs more than it saves. */
const ONE_WRITE_BYTES = 65_536

/**
 * One connection to one memcached server, from connecting to its end; never reused. All state of a socket (a partly
 * read answer, pending calls, timers) belongs to this object, so it cannot leak into the next socket, which is what
 * corrupts values in memjs.
 *
 * If the server is silent, callers are told after `timeoutMs`, and nothing more is sent until it answers. memcached
 * executes what is in a connection's buffer even after that connection has been reset (measured), so a write on a new
 * connection could overtake an old one. On the same connection, what is sent later is executed later.
 */
export class Connection {
  readonly number = ++connections
  readonly #socket: Socket
  readonly #address: Address
  readonly #bounds: Bounds
  readonly #events: ConnectionEvents
  readonly #reader: ReplyReader
  readonly #calls = new Map<number, Pick<Call, 'onReply' | 'onFailure'>>()
  #up = false
  #ended: Error | undefined
  #silent = false
  #outgoing: Buffer[] = []
  #lastHeard = 0
  #cancelConnectTimer: CancelTimer
  #cancelWatch: CancelTimer | undefined
  #onDrained: (() => void) | undefined

  constructor(address: Address, bounds: Bounds, events: ConnectionEvents) {
    this.#address = address
    this.#bounds = bounds
    this.#events = events
    this.#cancelConnectTimer = systemClock.after(bounds.connectTimeoutMs, () =>
      this.end(new Error(`no connection within ${bounds.connectTimeoutMs} ms`)),
    )
    this.#reader = new ReplyReader(bounds.maxReplyBytes)
    const { host, port, tls } = address
    const to = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
    this.#socket = tls === undefined ? connect(to) : connectTls({ servername: nameOf(host), ...tls, ...to })
    this.#socket.on(tls === undefined ? 'connect' : 'secureConnect', () => this.#authenticate())
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.#socket.on('error', (error) => this.end(error))
    // memjs waits for ever when the server closes its side with an answer due.
    this.#socket.on('end', () => this.end(new Error('the server closed the connection')))
    this.#socket.on('close', () => this.end(new Error('the connection was closed')))
  }

  /** An answer has been outstanding for longer than the timeout: `send` would only lengthen the queue. */
  get silent(): boolean {
    return this.#silent
  }

  /** Requests of one turn of the event loop are written together. */
  send(call: Call): void {
    if (this.#ended !== undefined) {
      call.onFailure(new NotSentError(this.#ended.message, { cause: this.#ended }))
      return
    }
    if (this.#calls.size === 0) this.#lastHeard = systemClock.monotonic()
    this.#calls.set(call.sequence, call)
    if (this.#outgoing.push(call.request) === 1) process.nextTick(this.#flush)
    // Until it is up, the connect timeout applies.
    if (this.#up) this.#cancelWatch ??= systemClock.after(this.#bounds.timeoutMs, this.#onWatch)
  }

  /** Waits until the outstanding answers have arrived, or will not, then ends the connection. */
  async drain(): Promise<void> {
    if (this.#ended === undefined && this.#calls.size > 0 && !this.#silent) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
      })
    }
    this.end(new Error('the client was closed'))
  }

  /** Ends the connection immediately and fails all pending calls. */
  end(reason: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#cancelConnectTimer()
    this.#cancelWatch?.()
    this.#socket.destroy()
    this.#failCalls(new NoReplyError(`the connection was lost: ${reason.message}`, false, reason))
    this.#calls.clear()
    this.#onDrained?.()
    this.#events.onDown(reason)
  }

  #authenticate(): void {
    const { username, password } = this.#address
    if (username === undefined || password === undefined) {
      this.#greet()
      return
    }
    const value = Buffer.from(`\0${username}\0${password}`)
    this.#handshake({ opcode: Opcode.SaslAuth, key: 'PLAIN', value }, (status) => {
      // A server that does not know the command requires no password.
      if (status === Status.Ok || status === Status.UnknownCommand) this.#greet()
      else this.end(new Error('the server refused the user name or password'))
    })
  }

  /** Waits for an answer: an accepted connection proves little, since the kernel accepts for a frozen process, too. */
  #greet(): void {
    this.#handshake({ opcode: Opcode.Noop, key: '' }, (status) => {
      if (status === Status.Ok) {
        this.#up = true
        this.#cancelConnectTimer()
        this.#events.onUp()
      } else if (status === Status.AuthenticationError) {
        this.end(new Error('the server asks for a user name and password'))
      } else {
        this.end(new Error(`the server answered the first request with status ${status}`))
      }
    })
  }

  #handshake(command: Command, onStatus: (status: number) => void): void {
    this.send({
      request: encode(command, HANDSHAKE),
      sequence: HANDSHAKE,
      onReply: (message) => onStatus(statusOf(message)),
      onFailure: () => {},
    })
  }

  #onData(chunk: Buffer): void {
    this.#lastHeard = systemClock.monotonic()
    this.#silent = false
    try {
      this.#reader.push(chunk, this.#onMessage)
    } catch (error) {
      this.end(error as Error)
    }
    if (this.#calls.size === 0) this.#onDrained?.()
  }

  readonly #onMessage = (message: Message): void => {
    if (this.#ended !== undefined) return
    const sequence = sequenceOf(message)
    const call = this.#calls.get(sequence)
    if (call === undefined) throw new Error('the server answered a request that was not sent')
    // A request for statistics gets many answers, the last of which is empty.
    if (opcodeOf(message) !== Opcode.Stat || message.end - message.start === HEADER_BYTES) this.#calls.delete(sequence)
    call.onReply(message, this.number)
  }

  readonly #flush = (): void => {
    const requests = this.#outgoing
    this.#outgoing = []
    if (this.#ended !== undefined) return
    const bytes = requests.reduce((sum, { length }) => sum + length, 0)
    if (bytes <= ONE_WRITE_BYTES) {
      this.#socket.write(requests.length === 1 ? (requests[0] as Buffer) : Buffer.concat(requests, bytes))
      return
    }
    this.#socket.cork()
    for (const request of requests) this.#socket.write(request)
    this.#socket.uncork()
  }

  /** If this process was busy the answer may already be in the socket, so one poll phase comes first. */
  readonly #onWatch = (): void => {
    setImmediate(() => {
      this.#cancelWatch = undefined
      if (this.#ended !== undefined || this.#calls.size === 0 || this.#silent) return
      const { timeoutMs } = this.#bounds
      const silenceMs = systemClock.monotonic() - this.#lastHeard
      if (silenceMs >= timeoutMs) this.#fallSilent()
      else this.#cancelWatch = systemClock.after(Math.max(1, timeoutMs - silenceMs), this.#onWatch)
    })
  }

  #fallSilent(): void {
    this.#silent = true
    this.#failCalls(new NoReplyError(`no answer within ${this.#bounds.timeoutMs} ms`, true))
    for (const sequence of this.#calls.keys()) this.#calls.set(sequence, ABANDONED)
    this.#onDrained?.()
    this.#events.onSilent()
  }

  #failCalls(error: NoReplyError): void {
    for (const call of this.#calls.values()) call.onFailure(error)
  }
}

/** The server name for TLS (RFC 6066 section 3), by which proxies choose a server. An address is not allowed there. */
function nameOf(host: string): string | undefined {
  return isIP(host) === 0 ? host : undefined
}
