import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A line to a server that can be cut: the server keeps what it has and never hears what is sent meanwhile. */
export class Line {
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  #cut = false

  private constructor(target: URL) {
    this.#listener = createServer((near) => {
      if (this.#cut) {
        near.destroy()
        return
      }
      const far = connect(Number(target.port), target.hostname)
      for (const [socket, peer] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#sockets.delete(socket)
          peer.destroy()
        })
        socket.pipe(peer)
      }
    })
  }

  /** @param url Of one host and port. Resolves with the line, and the URL that leads over it. */
  static async to(url: string): Promise<{ line: Line; url: string }> {
    const target = new URL(url)
    const line = new Line(target)
    line.#listener.listen(0, '127.0.0.1')
    await once(line.#listener, 'listening')
    const { port } = line.#listener.address() as AddressInfo
    return { line, url: `${target.protocol}//127.0.0.1:${port}` }
  }

  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#cut = false
  }

  close(): void {
    this.cut()
    this.#listener.close()
  }
}
