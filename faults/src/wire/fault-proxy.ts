import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Flow } from './flow.js'

/** The faults of a line. Several act together. */
export interface WireFault {
  /** Added to each round trip. */
  readonly latencyMs?: number
  /** Of replies, for each connection. */
  readonly bytesPerSecond?: number
  /** Each connection is reset after this many bytes of replies, in the middle of one. */
  readonly cutAfterBytes?: number
  /** A few stray bytes come after every this many bytes of replies, in the middle of one. */
  readonly strayEveryBytes?: number
  /** Replies pause for this long in their middle, again and again. */
  readonly pauseMs?: number
  /**
   * `'all'`: nothing gets through in either direction, and nothing is lost: it arrives when the line is mended.
   * `'standing'`: the peers of existing connections are gone without a word; new connections work.
   */
  readonly silent?: 'all' | 'standing'
  /** New connections are reset at once. */
  readonly refuses?: boolean
}

/** A line to one server, through which a test does to connections what networks do. */
export class FaultProxy {
  readonly #listener: Server
  readonly #links = new Set<Link>()
  readonly #onReply: ((bytes: Buffer) => Buffer) | undefined
  #target: { readonly host: string; readonly port: number }
  #fault: WireFault = {}

  private constructor(target: { host: string; port: number }, onReply?: (bytes: Buffer) => Buffer) {
    this.#target = target
    this.#onReply = onReply
    this.#listener = createServer((near) => this.#accept(near))
  }

  /** @param onReply Changes what the server says, for servers that tell their clients where to connect. */
  static async to(host: string, port: number, onReply?: (bytes: Buffer) => Buffer): Promise<FaultProxy> {
    const proxy = new FaultProxy({ host, port }, onReply)
    proxy.#listener.listen(0, '127.0.0.1')
    await once(proxy.#listener, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Where new connections lead: for a server that is told of its line before it listens. */
  pointTo(port: number): void {
    this.#target = { ...this.#target, port }
  }

  /** Replaces the current faults. */
  set(fault: WireFault): void {
    this.#fault = fault
    for (const link of this.#links) {
      if (fault.silent === 'standing') link.lose()
      else link.set(fault)
    }
  }

  mend(): void {
    this.set({})
  }

  /** Resets all connections. Some get a FIN before the RST, because Node's `resetAndDestroy` ends them first. */
  reset(): void {
    for (const link of this.#links) link.reset()
  }

  close(): void {
    this.reset()
    this.#listener.close()
  }

  #accept(near: Socket): void {
    if (this.#fault.refuses) {
      near.on('error', () => {})
      near.resetAndDestroy()
      return
    }
    const link = new Link(near, connect(this.#target.port, this.#target.host), this.#onReply)
    link.set(this.#fault)
    this.#links.add(link)
    link.onEnd = () => this.#links.delete(link)
  }
}

/** One connection: a flow in each direction. */
class Link {
  onEnd: () => void = () => {}
  readonly #near: Socket
  readonly #far: Socket
  readonly #requests: Flow
  readonly #replies: Flow

  constructor(near: Socket, far: Socket, onReply: ((bytes: Buffer) => Buffer) | undefined) {
    this.#near = near.setNoDelay()
    this.#far = far.setNoDelay()
    this.#requests = new Flow(near, far)
    this.#replies = new Flow(far, near, onReply)
    this.#replies.onCut = () => this.reset()
    for (const socket of [near, far]) {
      socket.on('error', () => {})
      socket.on('close', () => this.#end())
    }
  }

  set({ latencyMs = 0, silent, ...ofReplies }: WireFault): void {
    const common = { latencyMs: latencyMs / 2, held: silent === 'all' }
    this.#requests.set(common)
    this.#replies.set({ ...common, ...ofReplies })
  }

  /** From now on nothing gets through, ever, and neither side is told. */
  lose(): void {
    this.#requests.lose()
    this.#replies.lose()
  }

  reset(): void {
    this.#near.resetAndDestroy()
    this.#far.resetAndDestroy()
  }

  /** When one side ends, the other is told, unless the connection is lost. */
  #end(): void {
    this.onEnd()
    this.#requests.end()
    this.#replies.end()
    this.#near.destroy()
    this.#far.destroy()
  }
}
