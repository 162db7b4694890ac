import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Running } from '../support/application.js'

/** Starts a server on a port of its own. */
export function listen(handler: (req: IncomingMessage, res: ServerResponse) => unknown): Promise<Running> {
  return running(createServer((req, res) => void handler(req, res)))
}

export async function running(server: Server): Promise<Running> {
  // Longer than an exchange may hang, so that the connection of the other run is still open.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
