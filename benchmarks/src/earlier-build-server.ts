/**
 * The server process of `earlier-build.ts`: `<checkout>`, node:http behind its built cache on memory; `/20` is 20 KiB.
 * Tells its port and, when asked, its CPU time.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadBuild } from './lib/built-core.js'
import { cpuMs } from './lib/sample.js'

const { core, node } = await loadBuild(process.argv[2] as string)
const cached = node.httpCache(core.createCache({ store: core.memoryStore() }), { ttl: '1h' })
const server = createServer((req, res) => {
  cached(req, res, () => {
    res.setHeader('Content-Type', 'application/octet-stream')
    res.end(Buffer.alloc(Number(req.url?.slice(1)) * 1_024, 'x'))
  })
})
// Connections rest while others are measured.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

process.on('message', () => process.send?.({ cpuMs: cpuMs() }))
process.on('disconnect', () => process.exit())
