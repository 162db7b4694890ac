import { connect, type Socket } from 'node:net'
import { AmbiguousWriteError, StoreUnavailableError } from '@tiercel/cache-core/store'
import type { Command } from './engine.js'
import type { Link, LinkEvents } from './link.js'

interface Pending {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  readonly read: boolean
}

const READS = ['get', 'getMany', 'ping']
/** Pause before an attempt to hear the bus again. */
const RETRY_MS = 50

/**
 * The engine behind a port, over one connection. The first call opens it, and when it is lost another one is opened.
 */
export class WireLink implements Link {
  readonly #port: number
  #socket: Socket | undefined
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<LinkEvents>()
  #ids = 0
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(port: number) {
    this.#port = port
  }

  call(command: Command | 'listen', now?: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#ids
      const read = command === 'listen' || READS.includes(command.op)
      this.#pending.set(id, { resolve, reject, read })
      this.#connection().write(`${JSON.stringify({ id, command, now })}\n`)
    })
  }

  async listen(events: LinkEvents): Promise<() => void> {
    await this.call('listen')
    this.#listeners.add(events)
    events.onUp()
    return () => this.#listeners.delete(events)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#socket?.destroy()
    this.#failAll()
  }

  #connection(): Socket {
    if (this.#socket !== undefined) return this.#socket
    const socket = connect(this.#port, '127.0.0.1')
    this.#socket = socket
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line))
    })
    // The reason is not needed, since `close` follows.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost()
    })
    return socket
  }

  #take(line: { id?: number; answer?: unknown; channel?: string; message?: string }): void {
    if (line.id === undefined) {
      for (const { onMessage } of this.#listeners) onMessage(line.channel ?? '', line.message ?? '')
      return
    }
    this.#pending.get(line.id)?.resolve(line.answer)
    this.#pending.delete(line.id)
  }

  #lost(): void {
    this.#socket = undefined
    this.#failAll()
    if (this.#closed || this.#listeners.size === 0) return
    for (const { onDown } of this.#listeners) onDown()
    this.#listenAgain()
  }

  #listenAgain(): void {
    this.#retry = setTimeout(() => {
      this.call('listen').then(
        () => {
          for (const { onUp } of this.#listeners) onUp()
        },
        () => undefined,
      )
    }, RETRY_MS)
  }

  #failAll(): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject, read } of pending) {
      const Failure = read ? StoreUnavailableError : AmbiguousWriteError
      reject(new Failure('the connection was lost', { store: 'reference' }))
    }
  }
}
