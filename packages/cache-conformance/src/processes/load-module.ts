import type { StoreFactory } from '../case.js'
import type { SuiteOptions } from '../suite.js'

/** What a module under test exports: the factory by default, and further options of the suite by name. */
export interface StoreModule extends Pick<SuiteOptions, ModuleOption> {
  readonly default: StoreFactory
}

type ModuleOption = 'clock' | 'faults' | 'unreachable' | 'timeoutMs' | 'recoveryMs' | 'largestValueBytes'

/** @throws Error with one sentence for the author of the module. */
export async function loadModule(url: URL | string): Promise<StoreModule> {
  const module: Partial<StoreModule> = await import(String(url))
  if (typeof module.default !== 'function') {
    throw new Error('the module has no default export that makes a store: export default ({ prefix }) => myStore(…)')
  }
  return module as StoreModule
}
