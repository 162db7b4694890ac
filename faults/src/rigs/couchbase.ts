import { couchbaseStore } from '@tiercel/cache-couchbase'
import { commandCouchbase, startServer } from '@tiercel/servers'
import { FaultProxy } from '../wire/fault-proxy.js'
import type { Machine, Rig } from './rig.js'

/** The vendor's mock: one process for two nodes, each behind a line. */
export async function couchbaseRig(): Promise<Rig | undefined> {
  const server = await startServer('couchbase')
  if (server === undefined || server.external) return undefined
  const ports = [...server.url.matchAll(/:(\d{5})(?=[,/])/g)].map(([, port]) => Number(port))
  const lineOf = new Map<number, FaultProxy>()
  // The cluster map names the ports of the nodes, but the SDK must connect through the lines.
  const onReply = (bytes: Buffer): Buffer => {
    let text = bytes.toString('latin1')
    if (!text.includes('"nodes"')) return bytes
    for (const [port, line] of lineOf) text = text.replaceAll(String(port), String(line.port))
    return Buffer.from(text, 'latin1')
  }
  const machines: Machine[] = []
  for (const port of ports) {
    const line = await FaultProxy.to('127.0.0.1', port, onReply)
    lineOf.set(port, line)
    machines.push({ server, line })
  }
  const hosts = machines.map(({ line }) => line?.address).join(',')
  return {
    machines,
    open: (prefix) => couchbaseStore({ url: `couchbase://default:@${hosts}/default`, prefix }),
    openBehind: (prefix) => couchbaseStore({ url: server.url, prefix }),
    command: (_, name = '', payload = '{}') => commandCouchbase(server.url, name, JSON.parse(payload)),
    async stop() {
      for (const { line } of machines) line?.close()
      await server.stop()
    },
  }
}
