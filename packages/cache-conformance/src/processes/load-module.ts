import type { Faults, StoreFactory } from '../case.js'

/** What a module under test may export. */
export interface StoreModule {
  readonly default: StoreFactory
  /** The factory honours `context.clock`. Default false. */
  readonly clock?: boolean
  /** The same store for a server that is not there. Default: such cases do not apply. */
  readonly unreachable?: StoreFactory
  /** Control over the server. Default: such cases do not apply. */
  readonly faults?: Faults
}

/** @throws Error with one sentence for the person who wrote the module. */
export async function loadModule(url: URL | string): Promise<StoreModule> {
  const module: Partial<StoreModule> = await import(String(url))
  if (typeof module.default !== 'function') {
    throw new Error('the module has no default export that makes a store: export default ({ prefix }) => myStore(…)')
  }
  return module as StoreModule
}
