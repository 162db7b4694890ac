import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** An address in front of a server, like a DNS name or a load balancer: new connections go where it points now. */
export interface Switch {
  readonly url: string
  /** Connections made so far. */
  readonly connections: number
  /** Leads new connections to this port on loopback; existing ones stay. */
  pointTo(port: number): void
  /** Swallows whatever is sent over the existing connections, in both directions, without ending them. */
  silence(): void
  close(): void
}

export async function startSwitch(port: number): Promise<Switch> {
  let target = port
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    connections++
    const far = connect(target, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections
    },
    pointTo(next) {
      target = next
    },
    silence() {
      for (const socket of sockets) socket.unpipe().resume()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
