import { afterAll, describe, it } from 'vitest'
import { describeStore } from '../src/index.js'
import { Engine } from './support/engine.js'
import { LocalLink } from './support/link.js'
import { ReferenceStore } from './support/reference-store.js'
import { WireServer } from './support/wire-server.js'

const engine = new Engine()
describeStore(
  { describe, it, afterAll },
  {
    name: 'reference store in this process, which the mutants are made of',
    create: ({ prefix, clock }) => new ReferenceStore(new LocalLink(engine), prefix, clock),
    clock: true,
  },
)

const server = await WireServer.start()
process.env.TIERCEL_WIRE_PORT = String(server.port)
afterAll(() => server.kill())
const { default: create, unreachable } = await import('./support/wire-module.js')
describeStore(
  { describe, it, afterAll },
  {
    name: 'reference store behind a port, among processes, with faults',
    create,
    unreachable,
    module: new URL('./support/wire-module.ts', import.meta.url),
    execArgv: ['--import', 'tsx', '--conditions=@tiercel/source'],
    faults: server,
  },
)
