// The thread of WorkerConnection.
import { parentPort, workerData } from 'node:worker_threads'
import { PgliteConnection } from './pglite-connection.js'
import type { Reply, Request } from './worker-messages.js'

if (parentPort === null) throw new Error('worker.ts runs as a worker thread only')
const port = parentPort
const reply = (message: Reply): void => port.postMessage(message)

const connection = new PgliteConnection(workerData as string | undefined)

port.on('message', ({ id, sql, params }: Request) => {
  connection.query(sql, params).then(
    (rows) => reply({ id, rows }),
    (error: unknown) => reply({ id, error: error instanceof Error ? error : new Error(String(error)) }),
  )
})

reply({ ready: await connection.ready })
