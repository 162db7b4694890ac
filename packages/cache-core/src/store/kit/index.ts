// The tools that the adapters share. None is needed to keep the contract; each saves writing again what all get right.
export { bufferOf, exceedsBytes } from '../../base/bytes.js'
export { type CancelTimer, type Clock, systemClock } from '../../base/clock.js'
export { report } from '../../base/diagnostics.js'
export type { Duration } from '../../base/duration.js'
export { messageOf } from '../../base/errors.js'
export { callback, count, duration, either, instance, oneOf, record, shape, text } from '../../base/option-kinds.js'
export { OptionTable, type Parsed, type RowsOf } from '../../base/option-table.js'
export { show } from '../../base/show.js'
export { MAX_KEY_BYTES } from '../capabilities.js'
export { allOrFirstError, chunks } from './batches.js'
export {
  bothCredentials,
  configOption,
  hostsOption,
  overUrl,
  passwordOption,
  urlOption,
  usernameOption,
} from './connection-options.js'
export { keyPrefix, prefixOption } from './key-prefix.js'
export { RefusableCapabilities } from './refusable-capabilities.js'
export { type OperationKind, StoreErrors } from './store-errors.js'
export {
  checkQuery,
  durationInQuery,
  formatHost,
  parseHost,
  parseStoreUrl,
  type StoreHost,
  type StoreUrl,
} from './store-url.js'
export { STAMP_BYTES, VersionStamps } from './version-stamps.js'
