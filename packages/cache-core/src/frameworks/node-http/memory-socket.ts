import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Sight } from '../../http/message/message.js'

/** The properties of a connection that layers read, copied while it was open. */
export interface ConnectionFacts {
  readonly encrypted: boolean
  readonly remoteAddress: string | undefined
  readonly remoteFamily: string | undefined
  readonly remotePort: number | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly server: unknown
}

export function factsOf(socket: Socket): ConnectionFacts {
  const { encrypted, server } = socket as { readonly encrypted?: boolean; readonly server?: unknown }
  const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = socket
  const where = { remoteAddress, remoteFamily, remotePort, localAddress, localPort }
  return { encrypted: encrypted === true, ...where, server }
}

/** A connection to nobody: accepts all that is sent, and drops it. */
class MemorySocket extends Duplex {
  /** It has no client certificate. */
  readonly authorized = false

  constructor(facts: ConnectionFacts) {
    // Never asks a stream to wait for its client.
    super({ writableHighWaterMark: Number.MAX_SAFE_INTEGER })
    Object.assign(this, facts)
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done()
  }

  override _writev(_chunks: unknown, done: () => void): void {
    done()
  }

  address(): object {
    return {}
  }

  getPeerCertificate(): object {
    return {}
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/** Node's parser gives it the field lines; undocumented, and in every version of Node. */
interface Parsed {
  _addHeaderLines?(lines: string[], count: number): void
}

/** Whether requests can be made by hand with this host's node:http. */
export function canBeMade(): boolean {
  return typeof (IncomingMessage.prototype as Parsed)._addHeaderLines === 'function'
}

/** Makes a GET that no client has sent, on a connection with these properties, and a response that goes to nobody. */
export function madeRequest(
  { target, headers }: Sight,
  facts: ConnectionFacts,
): { readonly req: IncomingMessage; readonly res: ServerResponse; readonly socket: Duplex } {
  const socket = new MemorySocket(facts)
  const req = new IncomingMessage(socket as unknown as Socket)
  Object.assign(req, { method: 'GET', url: target, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  ;(req as Parsed)._addHeaderLines?.([...headers], headers.length)
  req.complete = true
  req.push(null)
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(socket as unknown as Socket)
  // As the server does for a connection that is not kept alive.
  res.once('finish', () => {
    req.resume()
    process.nextTick(() => socket.destroy())
  })
  return { req, res, socket }
}
