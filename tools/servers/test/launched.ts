import { startServer } from '../src/index.js'

// A process that starts a server, says where it is, and then does nothing until it is killed.
const [engine] = process.argv.slice(2)
if (engine !== 'redis' && engine !== 'memcached') throw new Error(`not for ${engine}`)
const server = await startServer(engine)
if (server === undefined) throw new Error(`no ${engine}`)
await server.freeze()
console.log(server.url)
setInterval(() => {}, 60_000)
