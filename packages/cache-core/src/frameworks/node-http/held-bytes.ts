import type { ServerResponse } from 'node:http'
import type { HeldBack } from './held-back.js'

/** Sends a piece of a response. Node calls it for the head and all of the body. */
type Send = (data: string | Uint8Array, encoding?: unknown, callback?: unknown, bytes?: unknown) => boolean

interface Sending {
  _send: Send
}

/**
 * The bytes of a response over HTTP/1 that wait, and the events that must not come before they have left.
 *
 * `_send` is Node's own and undocumented, and it is the only place below all layers: `end` itself cannot wait, because
 * it decides about Content-Length, marks the response as ended and reports misuse. express-session, which delays `end`,
 * changes all three.
 */
export class HeldBytes implements HeldBack {
  readonly #res: ServerResponse
  readonly #send: Send
  readonly #pieces: Parameters<Send>[] = []
  readonly #events: unknown[][] = []
  /** Number of promises that it waits for. */
  #waits = 0
  #ends = false
  /** Length of the body in bytes, where it was announced. */
  #length = Number.POSITIVE_INFINITY
  #sent = 0

  constructor(res: ServerResponse) {
    const sending = res as ServerResponse & Sending
    this.#res = res
    this.#send = sending._send
    sending._send = (...piece) => this.#take(piece)
  }

  expect(status: number, contentLength: string | undefined): void {
    if (status === 204 || status === 304) this.#length = 0
    else if (contentLength !== undefined) this.#length = Number(contentLength)
  }

  until(settled: Promise<void> | undefined): void {
    if (settled === undefined) return
    this.#waits++
    void settled.then(() => {
      this.#waits--
      if (this.#waits === 0) this.#release()
    })
  }

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

  /** Keeps back `finish` and `close`: Node may think that all has been sent, and light-my-request emits them itself. */
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
