import type { ConformanceCase } from '../case.js'
import { atomicity } from './atomicity.js'
import { batches } from './batches.js'
import { bus } from './bus.js'
import { bytes } from './bytes.js'
import { capabilities } from './capabilities.js'
import { counters } from './counters.js'
import { errors } from './errors.js'
import { faults } from './faults.js'
import { keys } from './keys.js'
import { lifecycle } from './lifecycle.js'
import { lifetime } from './lifetime.js'
import { operations } from './operations.js'
import { purge } from './purge.js'
import { refusals } from './refusals.js'
import { servers } from './servers.js'
import { versions } from './versions.js'

/** Every behaviour that the suite checks. Both front ends, `describeStore` and the command, run these. */
export const CASES: readonly ConformanceCase[] = [
  ...operations,
  ...counters,
  ...bytes,
  ...lifetime,
  ...keys,
  ...atomicity,
  ...versions,
  ...batches,
  ...servers,
  ...refusals,
  ...purge,
  ...errors,
  ...lifecycle,
  ...capabilities,
  ...bus,
  ...faults,
]
