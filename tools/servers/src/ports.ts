import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'

export const HOST = '127.0.0.1'

/** Ports on loopback that nobody listens on now. Two runs may pick the same one: a start that fails picks again. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(close))
  return ports
}

/** The first of `count` consecutive free ports. */
export async function freePortRange(count: number): Promise<number> {
  for (;;) {
    const first = await listen(0)
    const start = portOf(first)
    const rest = await Promise.allSettled(Array.from({ length: count - 1 }, (_, index) => listen(start + 1 + index)))
    await close(first)
    await Promise.all(rest.map((each) => (each.status === 'fulfilled' ? close(each.value) : undefined)))
    if (rest.every((each) => each.status === 'fulfilled')) return start
  }
}

/** Whether somebody listens on the port. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, HOST)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, HOST)
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
