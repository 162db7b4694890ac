export type { Engine, Server, StartOptions } from './server.js'
