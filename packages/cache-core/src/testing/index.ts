// For tests of applications and of stores, not for running systems.
export { FakeClock } from './fake-clock.js'
export {
  type Fault,
  type FaultControls,
  type FaultScript,
  type FaultyStoreOptions,
  faultyStore,
} from './faulty-store.js'
export { nullStore } from './null-store.js'
