export type { Engine, Server, StartOptions } from './server.js'
export type { Skipped } from './skipped.js'
export { prepareServers, startServer } from './start-server.js'
