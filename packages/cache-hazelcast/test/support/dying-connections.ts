import { OwnConnection } from '../../src/connection.js'
import { parseOptions } from '../../src/options.js'

// The sockets of all connections are closed, and the client, before it hears of that, asks for news of the cluster, or
// tells it what it has.
const { source } = parseOptions({ url: process.argv[2] ?? '' })
if (!('config' in source)) throw new Error('no client is to be created')
const connection = new OwnConnection(source.config, 1_000)

/** What of the client has to break, and is not published. */
interface Internals {
  getMap(name: string): Promise<unknown>
  readonly clusterViewListenerService: {
    readonly listenerAddedConnection: unknown
    tryRegisterToRandomConnection(from: unknown): void
  }
  getConnectionManager(): {
    readonly clusterId: unknown
    initializeClientOnCluster(cluster: unknown): void
    getConnectionRegistry(): { getConnections(): readonly { readonly writer: { close(error: Error): void } }[] }
  }
}

const client = (await connection.client()) as unknown as Internals
await client.getMap('what the cluster is told of')
const manager = client.getConnectionManager()
const connections = manager.getConnectionRegistry().getConnections()
if (connections.length === 0) throw new Error('no connection')
for (const { writer } of connections) writer.close(new Error('gone'))
const { clusterViewListenerService: service } = client
if (process.argv[3] === 'asks') service.tryRegisterToRandomConnection(service.listenerAddedConnection)
else manager.initializeClientOnCluster(manager.clusterId)

setTimeout(() => {
  process.stdout.write('goes on')
  process.exit()
}, 500)
