import { type Engine, type Server, startServer } from '@tiercel/servers'

/** A server of this engine, private to the benchmark. @throws where none can be started. */
export async function serverFor(engine: Engine): Promise<Server> {
  const server = await startServer(engine)
  if (server === undefined) throw new Error(`this benchmark needs ${engine}, which could not be started here`)
  return server
}
