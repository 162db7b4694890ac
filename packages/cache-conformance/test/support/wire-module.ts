import type { StoreFactory } from '../../src/index.js'
import { ReferenceStore } from './reference-store.js'
import { WireLink } from './wire-link.js'

/** The port of the server, set by the test. */
const port = Number(process.env.TIERCEL_WIRE_PORT)

const create: StoreFactory = ({ prefix }) => new ReferenceStore(new WireLink(port), prefix)

export default create

/** Port 1 on loopback, where nobody listens. */
export const unreachable: StoreFactory = ({ prefix }) => new ReferenceStore(new WireLink(1), prefix)
