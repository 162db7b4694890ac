import type { Socket } from 'node:net'

export interface FlowFault {
  readonly latencyMs: number
  readonly held: boolean
  readonly bytesPerSecond?: number | undefined
  readonly cutAfterBytes?: number | undefined
  readonly strayEveryBytes?: number | undefined
  readonly pauseMs?: number | undefined
}

/** A reply pauses once in this many bytes. */
const PAUSE_EVERY_BYTES = 10_000
const STRAY = Buffer.from('stray bytes')

/** A narrow line lets this many pieces a second through. */
const PIECES_PER_SECOND = 50
/** How much waits here before the sender is told to stop, as in the buffers of a network. */
const MOST_WAITING_BYTES = 262_144

/** One direction of a connection. */
export class Flow {
  onCut: () => void = () => {}
  readonly #from: Socket
  readonly #to: Socket
  readonly #change: ((bytes: Buffer) => Buffer) | undefined
  #fault: FlowFault = { latencyMs: 0, held: false }
  #waiting: { bytes: Buffer; readonly dueAt: number }[] = []
  #waitingBytes = 0
  /** When the line is free again after the last bytes sent. */
  #freeAt = 0
  /** Since the fault began. */
  #sentBytes = 0
  #lost = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, change?: (bytes: Buffer) => Buffer) {
    this.#from = from
    this.#to = to
    this.#change = change
    from.on('data', (bytes: Buffer) => this.#take(bytes))
  }

  set(fault: FlowFault): void {
    this.#fault = fault
    this.#sentBytes = 0
    this.#freeAt = 0
    this.#send()
  }

  lose(): void {
    this.#lost = true
    this.#waiting = []
    this.#from.resume()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #take(bytes: Buffer): void {
    if (this.#lost) return
    const changed = this.#change === undefined ? bytes : this.#change(bytes)
    this.#waiting.push({ bytes: changed, dueAt: performance.now() + this.#fault.latencyMs })
    this.#waitingBytes += changed.byteLength
    if (this.#waitingBytes > MOST_WAITING_BYTES) this.#from.pause()
    this.#send()
  }

  #send(): void {
    clearTimeout(this.#timer)
    for (let first = this.#waiting[0]; first !== undefined && !this.#fault.held; first = this.#waiting[0]) {
      const waitMs = Math.max(first.dueAt, this.#freeAt) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#send(), waitMs)
        return
      }
      const piece = this.#piece(first.bytes)
      if (piece.byteLength === first.bytes.byteLength) this.#waiting.shift()
      else first.bytes = first.bytes.subarray(piece.byteLength)
      const isLast = this.#sent(piece.byteLength)
      if (this.#isDue(this.#fault.strayEveryBytes)) this.#to.write(STRAY)
      // The last bytes are to arrive before the connection ends.
      this.#to.write(piece, isLast ? () => setTimeout(() => this.onCut()) : undefined)
      if (isLast) this.lose()
    }
  }

  /** As many of the bytes as go at once. */
  #piece(bytes: Buffer): Buffer {
    const { bytesPerSecond, cutAfterBytes, strayEveryBytes, pauseMs } = this.#fault
    const narrow = bytesPerSecond === undefined ? bytes.byteLength : Math.ceil(bytesPerSecond / PIECES_PER_SECOND)
    const left = cutAfterBytes === undefined ? bytes.byteLength : Math.max(1, cutAfterBytes - this.#sentBytes)
    const every = pauseMs === undefined ? strayEveryBytes : PAUSE_EVERY_BYTES
    const untilNext = every === undefined ? bytes.byteLength : every - (this.#sentBytes % every)
    return bytes.subarray(0, Math.min(narrow, left, untilNext))
  }

  #isDue(everyBytes: number | undefined): boolean {
    return everyBytes !== undefined && this.#sentBytes > 0 && this.#sentBytes % everyBytes === 0
  }

  /** Counts sent bytes; whether the connection ends here. */
  #sent(count: number): boolean {
    const { bytesPerSecond, cutAfterBytes } = this.#fault
    this.#sentBytes += count
    this.#waitingBytes -= count
    if (this.#waitingBytes <= MOST_WAITING_BYTES) this.#from.resume()
    const { pauseMs } = this.#fault
    if (pauseMs !== undefined && this.#isDue(PAUSE_EVERY_BYTES)) this.#freeAt = performance.now() + pauseMs
    if (bytesPerSecond !== undefined) this.#freeAt = performance.now() + (count / bytesPerSecond) * 1_000
    return cutAfterBytes !== undefined && this.#sentBytes >= cutAfterBytes
  }
}
