import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** Commands of the key-value protocol that the tests look for. */
export const Opcode = {
  get: 0x00,
  upsert: 0x01,
  insert: 0x02,
  replace: 0x03,
  remove: 0x04,
  increment: 0x05,
  decrement: 0x06,
  touch: 0x1c,
  hello: 0x1f,
  saslAuth: 0x21,
  selectBucket: 0x89,
  collectionId: 0xbb,
  lookupIn: 0xd0,
} as const

export const Status = {
  tooBig: 0x03,
  notMyVbucket: 0x07,
  locked: 0x09,
  authError: 0x20,
  noAccess: 0x24,
  unknownCommand: 0x81,
  noMemory: 0x82,
  internalError: 0x84,
  busy: 0x85,
  unknownCollection: 0x88,
  temporaryFailure: 0x86,
} as const

export interface Request {
  readonly opcode: number
  readonly key: string
  readonly extras: Buffer
  readonly value: Buffer
  readonly cas: bigint
  /** Counts the connections since the proxy began. */
  readonly connection: number
}

/** An answer in the server's place, which never sees the request. */
export interface Answer {
  readonly status?: number
  readonly cas?: bigint
  readonly extras?: Buffer
  readonly value?: Buffer
}

/**
 * What becomes of a request. `'withhold'`: the server executes it, its answer is lost. `'hang-up'`: the same, and the
 * connection ends. `undefined`: nothing unusual.
 */
export type Fate = 'withhold' | 'hang-up' | Answer | undefined

const HEADER_BYTES = 24
const REQUEST_MAGIC = [0x80, 0x08]
const FEATURE_COLLECTIONS = 0x12

/**
 * Stands between the SDK and the nodes of the mock and reads every frame. It loses answers, gives answers of its own,
 * and notes what was asked: that is how a test sees what goes over the wire, and how it makes faults that no signal
 * to a server makes.
 */
export class KvProxy {
  /** Everything asked so far. */
  readonly requests: Request[] = []
  /** Decides for each request. */
  fate: (request: Request) => Fate = () => undefined
  /** Says to the SDK that the server knows collections, which the mock does not. */
  collections = false
  /** Of its own side; `undefined`: in clear. */
  readonly #tls: TlsOptions | undefined
  readonly #ports = new Map<number, number>()
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  #connections = 0
  #gone = false
  /** Connections that met nobody. */
  refused = 0

  private constructor(tls: TlsOptions | undefined) {
    this.#tls = tls
  }

  /**
   * @param url Of the server, with a port for each node.
   * @param tls The key and certificate of a proxy that speaks TLS, which the mock does not.
   */
  static async start(url: string, tls?: TlsOptions): Promise<KvProxy> {
    const proxy = new KvProxy(tls)
    for (const [, host = '', port = ''] of url.matchAll(/([\w.-]+):(\d{5})(?=[,/])/g)) {
      await proxy.#stand(host, Number(port))
    }
    return proxy
  }

  /** Hosts and ports as they stand in a connection string. */
  get hosts(): string {
    return [...this.#ports.values()].map((port) => `127.0.0.1:${port}`).join(',')
  }

  count(...opcodes: readonly number[]): number {
    return this.requests.filter(({ opcode }) => opcodes.includes(opcode)).length
  }

  last(opcode: number): Request {
    const found = this.requests.findLast((request) => request.opcode === opcode)
    if (found === undefined) throw new Error(`no request with opcode ${opcode} was seen`)
    return found
  }

  /** Nothing unusual any more, and no memory of what was. */
  reset(): void {
    this.fate = () => undefined
    this.collections = false
    this.#gone = false
    this.refused = 0
    this.requests.length = 0
  }

  /** As if nobody were there: connections end, and new ones are hung up on. */
  setGone(gone: boolean): void {
    this.#gone = gone
    if (gone) this.#endAll()
  }

  async close(): Promise<void> {
    this.#endAll()
    for (const server of this.#servers) server.close()
  }

  #endAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #stand(host: string, port: number): Promise<void> {
    const accept = (client: Socket): void => {
      if (this.#gone) this.#refuse(client)
      else this.#link(client, connect(port, host))
    }
    const server = this.#tls === undefined ? createServer(accept) : createTlsServer(this.#tls, accept)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    this.#ports.set(port, (server.address() as AddressInfo).port)
  }

  #refuse(client: Socket): void {
    this.refused++
    client.on('error', () => {})
    client.destroy()
  }

  #link(client: Socket, server: Socket): void {
    const connection = ++this.#connections
    const lost = new Set<number>()
    for (const [from, to] of [[client, server] as const, [server, client] as const]) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
    client.on(
      'data',
      frames((frame) => {
        const request = parseRequest(frame, connection)
        this.requests.push(request)
        const fate = this.fate(request)
        if (typeof fate === 'object') return client.write(answerTo(frame, fate))
        if (fate !== undefined) lost.add(opaqueOf(frame))
        server.write(frame)
        // Time for the server to read and execute it.
        if (fate === 'hang-up') setTimeout(() => client.destroy(), 50)
      }),
    )
    server.on(
      'data',
      frames((frame) => {
        if (!lost.has(opaqueOf(frame))) client.write(this.#rewritten(frame))
      }),
    )
  }

  /** The map of the cluster names the nodes' ports; the SDK must come here instead. Ports have five digits all. */
  #rewritten(frame: Buffer): Buffer {
    if (frame[1] === Opcode.hello && this.collections) return withFeature(frame, FEATURE_COLLECTIONS)
    let text = frame.toString('latin1')
    if (!text.includes('"nodes"')) return frame
    for (const [from, to] of this.#ports) text = text.replaceAll(String(from), String(to))
    if (this.#tls !== undefined) text = text.replaceAll('"kv":', '"kvSSL":')
    const rewritten = Buffer.from(text, 'latin1')
    rewritten.writeUInt32BE(rewritten.byteLength - HEADER_BYTES, 8)
    return rewritten
  }
}

/** Cuts a stream into frames. */
function frames(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= HEADER_BYTES && rest.length >= HEADER_BYTES + rest.readUInt32BE(8)) {
      const end = HEADER_BYTES + rest.readUInt32BE(8)
      onFrame(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
}

function parseRequest(frame: Buffer, connection: number): Request {
  const [magic = 0, opcode = 0] = frame
  if (!REQUEST_MAGIC.includes(magic)) throw new Error(`no request of the key-value protocol: magic ${magic}`)
  const flexible = magic === 0x08
  const framing = flexible ? frame.readUInt8(2) : 0
  const keyLength = flexible ? frame.readUInt8(3) : frame.readUInt16BE(2)
  const extrasAt = HEADER_BYTES + framing
  const keyAt = extrasAt + frame.readUInt8(4)
  return {
    opcode,
    extras: frame.subarray(extrasAt, keyAt),
    key: frame.toString('utf8', keyAt, keyAt + keyLength),
    value: frame.subarray(keyAt + keyLength),
    cas: frame.readBigUInt64BE(16),
    connection,
  }
}

function opaqueOf(frame: Buffer): number {
  return frame.readUInt32BE(12)
}

function answerTo(request: Buffer, answer: Answer): Buffer {
  const { status = 0, cas = 0n, extras = Buffer.alloc(0), value = Buffer.alloc(0) } = answer
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(0x81, 0)
  header.writeUInt8(request.readUInt8(1), 1)
  header.writeUInt8(extras.length, 4)
  header.writeUInt16BE(status, 6)
  header.writeUInt32BE(extras.length + value.length, 8)
  header.writeUInt32BE(opaqueOf(request), 12)
  header.writeBigUInt64BE(cas, 16)
  return Buffer.concat([header, extras, value])
}

/** The body of an answer to HELLO is the list of features, two bytes each. */
function withFeature(hello: Buffer, feature: number): Buffer {
  const longer = Buffer.concat([hello, Buffer.from([feature >> 8, feature & 0xff])])
  longer.writeUInt32BE(hello.readUInt32BE(8) + 2, 8)
  return longer
}
