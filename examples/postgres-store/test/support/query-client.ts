import { once } from 'node:events'
import { connect } from 'node:net'
import type { QueryClient } from '../../src/index.js'
import { fromLine, lines, toLine } from './wire-values.js'

interface Reply {
  readonly id: number
  readonly rows?: Record<string, unknown>[]
  readonly error?: string
}

/** A client of the query server, with the two methods that `pg`'s Pool has. */
export async function connectQueryClient(port: number): Promise<QueryClient> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>()
  let ids = 0
  socket.setEncoding('utf8')
  socket.on(
    'data',
    lines((line) => {
      const reply = fromLine(line) as Reply
      pending.get(reply.id)?.resolve(reply)
      pending.delete(reply.id)
    }),
  )
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('the connection was lost'))
    pending.clear()
  })
  return {
    async query(text, params) {
      const id = ++ids
      const reply = await new Promise<Reply>((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('not connected'))
        pending.set(id, { resolve, reject })
        socket.write(toLine({ id, text, params }))
      })
      if (reply.rows === undefined) throw new Error(reply.error)
      return { rows: reply.rows }
    },
    async end() {
      socket.destroy()
    },
  }
}
