import type { ServerResponse } from 'node:http'
import type { WritePlan } from '../../http/engine/exchange.js'
import { first } from '../../http/message/headers.js'
import type { CacheResponse } from '../../http/message/message.js'
import { type WriteHeadArguments, withField, writtenLines } from './response-head.js'

/** What sends a piece of a response; Node calls it for all of the head and the body. */
type Send = (data: string | Uint8Array, encoding?: unknown, callback?: unknown, bytes?: unknown) => boolean

interface Sending {
  _send: Send
}

/**
 * Keeps back what completes a response until `invalidate` is settled. Node and every layer see the same calls in the
 * same order and answer them themselves; what waits are bytes on their way to the socket, and the events that say they
 * have left. So a handler that answers twice, or writes too much, hears of it from Node.
 *
 * `_send` is Node's own and undocumented, and it is the only place below all layers: `end` itself cannot wait, because
 * it decides about Content-Length, marks the response as ended and reports misuse. express-session, which delays `end`,
 * changes all three.
 *
 * The methods stay overridden when all is sent: a layer inside may have overridden them again, over these.
 *
 * @returns what lets the response go, if it has not begun.
 */
export function holdEnd(res: ServerResponse & Partial<Sending>, plan: WritePlan): () => void {
  const { writeHead, end } = res
  const back = new HeldBack(res)
  let head: CacheResponse | undefined
  let marked = false
  let withdrawn = false
  let turnIsOver = false

  const invalidate = (): void => {
    const settled = plan.invalidate(head as CacheResponse)
    if (settled !== undefined) back.until(settled)
  }

  res.writeHead = ((status: number, ...rest: WriteHeadArguments) => {
    // Called again, Node's own says what is wrong with that.
    if (head !== undefined || withdrawn) return writeHead.call(res, status, ...(rest as []))
    const given = marked ? rest : withField(res, rest, 'Cache-Status', plan.cacheStatus)
    marked ||= given === rest
    const returned = writeHead.call(res, status, ...(given as []))
    head = { status: res.statusCode, headers: writtenLines(res, given) }
    back.expect(res.statusCode, first(head.headers, 'content-length'))
    setImmediate(() => {
      turnIsOver = true
    })
    invalidate()
    return returned
  }) as ServerResponse['writeHead']

  res.end = ((...rest: unknown[]) => {
    if (turnIsOver && !res.writableEnded) invalidate()
    return back.ending(() => (end as (...rest: unknown[]) => ServerResponse).apply(res, rest))
  }) as ServerResponse['end']

  return () => {
    withdrawn = head === undefined
  }
}

/** The bytes of a response that wait, and the events that must not come before they have left. */
class HeldBack {
  readonly #res: ServerResponse & Partial<Sending>
  readonly #send: Send
  readonly #pieces: Parameters<Send>[] = []
  readonly #events: unknown[][] = []
  /** What is waited for. */
  #waits = 0
  #ends = false
  /** How long the body is, where that was announced. Bytes. */
  #length = Number.POSITIVE_INFINITY
  #sent = 0

  constructor(res: ServerResponse & Partial<Sending>) {
    this.#res = res
    this.#send = res._send as Send
    res._send = (...piece) => this.#take(piece)
  }

  /** From the head on it is known what completes the response. */
  expect(status: number, contentLength: string | undefined): void {
    if (status === 204 || status === 304) this.#length = 0
    else if (contentLength !== undefined) this.#length = Number(contentLength)
  }

  until(settled: Promise<void>): void {
    this.#waits++
    void settled.then(() => {
      this.#waits--
      if (this.#waits === 0) this.#release()
    })
  }

  /** All that `end` sends, now or later (a layer outside may compress), belongs to the end. */
  ending(end: () => ServerResponse): ServerResponse {
    const before = this.#ends
    this.#ends = true
    try {
      return end()
    } catch (error) {
      this.#ends = before
      throw error
    }
  }

  #take(piece: Parameters<Send>): boolean {
    const [data, encoding] = piece
    const bytes = typeof data === 'string' ? Buffer.byteLength(data, encoding as BufferEncoding) : data.byteLength
    this.#sent += bytes
    const completes = this.#ends || this.#sent >= this.#length
    if (this.#waits === 0 || !completes) return this.#send.apply(this.#res, piece)
    if (this.#pieces.length === 0) this.#holdEvents()
    this.#pieces.push(piece)
    return bytes < this.#res.writableHighWaterMark
  }

  /** Node may think that all has left; light-my-request says so by itself. */
  #holdEvents(): void {
    const res = this.#res
    const { emit } = res
    const events = this.#events
    res.emit = ((name: string | symbol, ...rest: unknown[]) => {
      const waits = this.#pieces.length > 0 && (name === 'finish' || (name === 'close' && events.length > 0))
      if (!waits) return emit.call(res, name, ...rest)
      events.push([name, ...rest])
      return true
    }) as typeof emit
    Object.defineProperty(res, 'writableFinished', { configurable: true, get: () => false })
  }

  #release(): void {
    const res = this.#res
    const pieces = this.#pieces.splice(0)
    if (pieces.length === 0) return
    Reflect.deleteProperty(res, 'writableFinished')
    const { socket } = res
    const last = pieces[pieces.length - 1] as Parameters<Send>
    const callback = last[2]
    const left = (...rest: unknown[]): void => {
      if (typeof callback === 'function') callback(...rest)
      this.#tellEvents()
    }
    if (this.#events.length > 0 && !res.destroyed) last[2] = left
    socket?.cork()
    for (const piece of pieces) this.#send.apply(res, piece)
    socket?.uncork()
    if (res.destroyed) this.#tellEvents()
  }

  #tellEvents(): void {
    for (const event of this.#events.splice(0)) this.#res.emit(...(event as [string]))
  }
}
