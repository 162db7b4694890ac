import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Opcode, Status } from '../../src/memjs/protocol.js'

/** A request as the server saw it. */
export interface Request {
  readonly opcode: number
  readonly key: string
  readonly extras: Buffer
  readonly value: Buffer
  readonly cas: bigint
  readonly sequence: number
  /** Which connection it came on: 1, 2, … */
  readonly connection: number
  readonly socket: Socket
}

export interface Answer {
  readonly status?: number
  readonly cas?: bigint
  readonly extras?: Buffer
  readonly value?: Uint8Array | string
}

/** Decides what a request gets: `'answer'`, what memcached would say; `'nothing'`, the script has done what it wants. */
export type Script = (request: Request, server: FakeServer) => 'answer' | 'nothing'

interface Item {
  readonly value: Buffer
  readonly cas: bigint
}

const ANSWER: Script = () => 'answer'
const HEADER_BYTES = 24
const MAX_KEY_BYTES = 250
const MAX_VALUE_BYTES = 1_048_576 - 512

/**
 * memcached's binary protocol over a map, with a script that may answer in its place: late, in part, wrongly or never.
 * What it answers by itself was compared with memcached 1.6.18.
 */
export class FakeServer {
  readonly requests: Request[] = []
  script: Script = ANSWER
  /** What arrived from the network at one time, in number of requests. */
  readonly bursts: number[] = []
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
  readonly #sockets = new Set<Socket>()
  readonly #items = new Map<string, Item>()
  #connections = 0
  #cas = 0n

  static async start(script: Script = ANSWER): Promise<FakeServer> {
    const fake = new FakeServer()
    fake.script = script
    await fake.listen(0)
    return fake
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many connections were ever accepted. */
  get connections(): number {
    return this.#connections
  }

  /** Requests for keys: not the handshake. */
  get commands(): readonly Request[] {
    return this.requests.filter(({ opcode }) => opcode !== Opcode.Noop && opcode !== Opcode.SaslAuth)
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Closes every connection and stops listening. What was stored stays, for another `listen`. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What memcached would say. */
  answer(request: Request): Buffer {
    return encode(request, this.#execute(request))
  }

  #execute({ opcode, key, extras, value, cas }: Request): Answer {
    const item = this.#items.get(key)
    switch (opcode) {
      case Opcode.Noop:
        return {}
      case Opcode.Get:
        return item === undefined ? NOT_FOUND : { cas: item.cas, extras: Buffer.alloc(4), value: item.value }
      case Opcode.Add:
        return item === undefined ? this.#store(key, value) : { status: Status.Exists }
      case Opcode.Set:
      case Opcode.Replace:
        if (item === undefined && (cas !== 0n || opcode === Opcode.Replace)) return NOT_FOUND
        if (item !== undefined && cas !== 0n && item.cas !== cas) return { status: Status.Exists }
        if (opcode === Opcode.Set && value.length > MAX_VALUE_BYTES) this.#items.delete(key)
        return this.#store(key, value)
      case Opcode.Delete:
        if (item === undefined) return NOT_FOUND
        if (cas !== 0n && item.cas !== cas) return { status: Status.Exists }
        this.#items.delete(key)
        return {}
      case Opcode.Increment: {
        const count =
          item === undefined ? extras.readBigUInt64BE(8) : BigInt(`${item.value}`) + extras.readBigUInt64BE()
        const counted = Buffer.alloc(8)
        counted.writeBigUInt64BE(count)
        return { ...this.#store(key, Buffer.from(String(count))), value: counted }
      }
      default:
        return { status: Status.UnknownCommand, value: 'Unknown command' }
    }
  }

  #store(key: string, value: Buffer): Answer {
    if (value.length > MAX_VALUE_BYTES) return { status: Status.TooLarge, value: 'Too large.' }
    this.#items.set(key, { value: Buffer.from(value), cas: ++this.#cas })
    return { cas: this.#cas }
  }

  #accept(socket: Socket): void {
    const connection = ++this.#connections
    let rest = Buffer.alloc(0)
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      let burst = 0
      for (;;) {
        const length = rest.length < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + rest.readUInt32BE(8)
        if (rest.length < length) break
        const request = parse(rest.subarray(0, length), connection, socket)
        rest = rest.subarray(length)
        burst++
        this.#serve(request)
      }
      this.bursts.push(burst)
    })
  }

  #serve(request: Request): void {
    this.requests.push(request)
    if (this.script(request, this) === 'nothing' || request.socket.destroyed) return
    if (Buffer.byteLength(request.key) > MAX_KEY_BYTES) {
      request.socket.end(encode(request, { status: 0x04, value: 'Invalid arguments' }))
    } else {
      request.socket.write(this.answer(request))
    }
  }
}

const NOT_FOUND: Answer = { status: Status.NotFound, value: 'Not found' }

function parse(bytes: Buffer, connection: number, socket: Socket): Request {
  const keyAt = HEADER_BYTES + (bytes[4] as number)
  const valueAt = keyAt + bytes.readUInt16BE(2)
  return {
    opcode: bytes[1] as number,
    key: bytes.toString('utf8', keyAt, valueAt),
    extras: bytes.subarray(HEADER_BYTES, keyAt),
    value: bytes.subarray(valueAt),
    cas: bytes.readBigUInt64BE(16),
    sequence: bytes.readUInt32BE(12),
    connection,
    socket,
  }
}

/** An answer on the wire. */
export function encode({ opcode, sequence }: Request, { status = 0, cas = 0n, extras, value = '' }: Answer): Buffer {
  const body = Buffer.concat([extras ?? Buffer.alloc(0), Buffer.from(value as Uint8Array)])
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = 0x81
  header[1] = opcode
  header[4] = extras?.length ?? 0
  header.writeUInt16BE(status, 6)
  header.writeUInt32BE(body.length, 8)
  header.writeUInt32BE(sequence, 12)
  header.writeBigUInt64BE(cas, 16)
  return Buffer.concat([header, body])
}
