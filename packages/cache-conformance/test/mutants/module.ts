import type { StoreFactory } from '../../src/index.js'
import { WireLink } from '../support/wire-link.js'
import { MUTANTS } from './index.js'

/** A mutant for other processes: which one, and its server's port, stand in the query of this module's URL. */
const { searchParams } = new URL(import.meta.url)
const mutant = MUTANTS.find(({ fault }) => fault === searchParams.get('fault'))
const port = Number(searchParams.get('port'))

const create: StoreFactory = ({ prefix, clock }) => {
  if (mutant === undefined) throw new Error('no such mutant')
  return mutant.make(new WireLink(port), prefix, clock)
}

export default create
export const unreachable: StoreFactory = ({ prefix, clock }) => {
  if (mutant === undefined) throw new Error('no such mutant')
  return mutant.make(new WireLink(1), prefix, clock)
}
