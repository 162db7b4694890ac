import type { Engine, Server } from './server.js'

/**
 * The server that `TIERCEL_<ENGINE>_URL` names, if it is set. It belongs to somebody else, so it is never stopped or
 * harmed.
 */
export function externalServer(engine: Engine): Server | undefined {
  const url = process.env[`TIERCEL_${engine.toUpperCase()}_URL`]
  if (!url) return undefined
  const refuse = async (): Promise<never> => {
    throw new Error(`${engine} is external: it is not this test's to disturb`)
  }
  return {
    engine,
    url,
    external: true,
    freeze: refuse,
    thaw: refuse,
    kill: refuse,
    restart: refuse,
    stop: async () => {},
  }
}
