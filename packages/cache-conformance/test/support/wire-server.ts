import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Faults } from '../../src/index.js'
import { type Command, Engine } from './engine.js'

/** An engine behind a port on loopback, with one JSON text per line. Its faults are those of a real server. */
export class WireServer implements Faults {
  engine = new Engine()
  readonly #makeEngine: () => Engine
  readonly #sockets = new Set<Socket>()
  readonly #held: (() => void)[] = []
  #server: Server | undefined
  #frozen = false
  port = 0

  private constructor(makeEngine: () => Engine) {
    this.#makeEngine = makeEngine
  }

  static async start(makeEngine: () => Engine = () => new Engine()): Promise<WireServer> {
    const server = new WireServer(makeEngine)
    await server.restart()
    return server
  }

  async freeze(): Promise<void> {
    this.#frozen = true
  }

  async thaw(): Promise<void> {
    this.#frozen = false
    for (const step of this.#held.splice(0)) step()
  }

  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) socket.destroy()
    this.#held.length = 0
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  /** Starts again, empty, on the same port. */
  async restart(): Promise<void> {
    await this.kill()
    this.#frozen = false
    this.engine = this.#makeEngine()
    this.#server = createServer((socket) => this.#serve(socket)).listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  #serve(socket: Socket): void {
    const { engine } = this
    const send = (answer: object): void => {
      if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`)
    }
    const onMessage = (channel: string, message: string): void => send({ channel, message })
    this.#sockets.add(socket)
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { id, command, now } = JSON.parse(line) as { id: number; command: Command | 'listen'; now?: number }
        this.#act(() => {
          if (command === 'listen') engine.listeners.add(onMessage)
          send({ id, answer: command === 'listen' ? true : engine.execute(command, now) })
        })
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      engine.listeners.delete(onMessage)
    })
  }

  #act(step: () => void): void {
    if (this.#frozen) this.#held.push(step)
    else step()
  }
}
