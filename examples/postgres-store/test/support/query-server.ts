import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { fromLine, lines, toLine } from './wire-values.js'

/**
 * PostgreSQL embedded in this process, for other processes: PGlite has no port of its own. In life this is any
 * PostgreSQL server, and the client is `pg`.
 */
export async function startQueryServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const db = await PGlite.create()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    const answer = async (line: string): Promise<void> => {
      const { id, text, params } = fromLine(line) as { id: number; text: string; params?: unknown[] }
      const reply = await db.query(text, params).then(
        ({ rows }) => ({ id, rows }),
        (error: Error) => ({ id, error: error.message }),
      )
      if (socket.writable) socket.write(toLine(reply))
    }
    socket.on(
      'data',
      lines((line) => void answer(line)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      await db.close()
    },
  }
}
