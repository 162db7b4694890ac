import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { ByteQueue } from './byte-queue.js'

/** A socket and the bytes that it received. */
export class Connection {
  readonly bytes = new ByteQueue()
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.bytes.push(bytes))
    socket.on('end', () => this.bytes.end())
    socket.on('close', () => this.bytes.end())
    // A reset is an end as well; what it cut off shows in the answer.
    socket.on('error', () => this.bytes.end())
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  write(bytes: string | Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes, 'latin1')
  }

  /** Says that no request follows; answers may still come. */
  halfClose(): void {
    this.#socket.end()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Whether the server closed it, as far as a few turns of the event loop that both share can show. */
  async closedByServer(): Promise<boolean> {
    for (let turns = 0; turns < 3 && !this.bytes.ended; turns++) await turn()
    return this.bytes.ended
  }

  async ended(): Promise<void> {
    while (!this.bytes.ended) await turn()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
