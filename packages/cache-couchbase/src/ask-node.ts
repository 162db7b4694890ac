import { connect as connectInClear, isIP, type Socket } from 'node:net'
import { connect as connectByTls } from 'node:tls'

/** Where a node's key-value service listens. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** `'gone'`: the connection is refused, or closed without an answer. `'silent'`: no answer in time. */
export type NodeState = 'answers' | 'silent' | 'gone'

/** A node in the same network is reached immediately. All times here are in milliseconds. */
const CONNECTED_WITHIN_MS = 100
/** One that is frozen answers as soon as it wakes up. */
const ANSWERS_WITHIN_MS = 1_000

/** A NOOP. Without a login it may be refused, but that is an answer, too. */
const QUESTION = Buffer.alloc(24)
QUESTION.writeUInt8(0x80, 0)
QUESTION.writeUInt8(0x0a, 1)

/**
 * Asks a node, on a separate connection, whether it answers. Never keeps the process running, never rejects.
 */
export function askNode({ host, port, tls }: NodeAddress): Promise<NodeState> {
  return new Promise((resolve) => {
    const socket: Socket = tls
      ? connectByTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connectInClear({ host, port })
    const settle = (state: NodeState): void => {
      socket.destroy()
      resolve(state)
    }
    socket.unref()
    socket.setNoDelay()
    // If this process was busy, the answer may already be there.
    socket.on('timeout', () => setImmediate(() => settle('silent')))
    // Looking up a name has no timeout: an abandoned lookup would continue, and delay later ones.
    if (isIP(host) === 0) socket.on('lookup', () => socket.setTimeout(CONNECTED_WITHIN_MS))
    else socket.setTimeout(CONNECTED_WITHIN_MS)
    socket.on('connect', () => socket.setTimeout(ANSWERS_WITHIN_MS))
    // Keys exist once the node has answered the TLS handshake, whether its certificate is trusted or not.
    socket.on('keylog', () => settle('answers'))
    socket.on('data', () => settle('answers'))
    for (const event of ['error', 'end', 'close']) socket.on(event, () => settle('gone'))
    if (!tls) socket.write(QUESTION)
  })
}
