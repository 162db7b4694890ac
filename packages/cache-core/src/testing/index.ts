// For tests of applications, and of stores: no part of a running system.
export { FakeClock } from './fake-clock.js'
export {
  type Fault,
  type FaultControls,
  type FaultScript,
  type FaultyStoreOptions,
  faultyStore,
} from './faulty-store.js'
export { nullStore } from './null-store.js'
