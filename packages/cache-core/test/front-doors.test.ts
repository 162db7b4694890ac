import { expect, it } from 'vitest'
import * as audit from '../src/audit/index.js'
import * as http from '../src/http/index.js'
import * as root from '../src/index.js'
import * as store from '../src/store/index.js'
import * as kit from '../src/store/kit/index.js'
import * as testing from '../src/testing/index.js'

const STORE_ERRORS = [
  'AmbiguousWriteError',
  'CounterRangeError',
  'InvalidOptionError',
  'StoreClosedError',
  'StoreError',
  'StoreFullError',
  'StoreTimeoutError',
  'StoreUnavailableError',
  'UnsupportedError',
  'ValueTooLargeError',
]

// What stands here is public: a name more is a promise, one less breaks somebody.
it.each([
  [
    '.',
    root,
    [
      ...STORE_ERRORS,
      'CircularLoadError',
      'InvalidKeyError',
      'InvalidLoaderError',
      'InvalidValueError',
      'LoadTimeoutError',
      'createCache',
      'jsonCodec',
      'memoryStore',
      'systemClock',
      'v8Codec',
    ],
  ],
  ['./store', store, [...STORE_ERRORS, 'CAPABILITY_NAMES', 'guardStore']],
  [
    './store-kit',
    kit,
    [
      'MAX_KEY_BYTES',
      'OptionTable',
      'RefusableCapabilities',
      'STAMP_BYTES',
      'StoreErrors',
      'VersionStamps',
      'allOrFirstError',
      'bothCredentials',
      'bufferOf',
      'callback',
      'checkQuery',
      'chunks',
      'configOption',
      'count',
      'duration',
      'durationInQuery',
      'either',
      'exceedsBytes',
      'formatHost',
      'hostsOption',
      'instance',
      'keyPrefix',
      'messageOf',
      'oneOf',
      'overUrl',
      'parseHost',
      'parseStoreUrl',
      'passwordOption',
      'prefixOption',
      'record',
      'report',
      'shape',
      'show',
      'systemClock',
      'text',
      'urlOption',
      'usernameOption',
    ],
  ],
  ['./http', http, ['createHttpCache']],
  ['./audit', audit, ['auditCache']],
  ['./testing', testing, ['FakeClock', 'faultyStore', 'nullStore']],
] as const)('%s exports these names and no others', (_, door, names) => {
  expect(Object.keys(door).sort()).toEqual([...names].sort())
})

it('what createCache and createHttpCache make is a type for users, and no class', () => {
  const cache: root.Cache = root.createCache({ store: root.memoryStore() })
  const httpCache: http.HttpCache = http.createHttpCache(cache)
  expect(httpCache).toHaveProperty('purge')
  // @ts-expect-error: a type only.
  expect(root.Cache).toBeUndefined()
  // @ts-expect-error: a type only.
  expect(http.HttpCache).toBeUndefined()
  // @ts-expect-error: a type only.
  expect(store.GuardedStore).toBeUndefined()
})
