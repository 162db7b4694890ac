import { describe, expect, it } from 'vitest'
import {
  AmbiguousWriteError,
  InvalidKeyError,
  InvalidLoaderError,
  InvalidOptionError,
  InvalidValueError,
  LoadTimeoutError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  UnsupportedError,
  ValueTooLargeError,
} from '../../src/base/errors.js'

const STORE_ERRORS = [
  [StoreError, 'StoreError', 'ERR_STORE'],
  [StoreTimeoutError, 'StoreTimeoutError', 'ERR_STORE_TIMEOUT'],
  [StoreUnavailableError, 'StoreUnavailableError', 'ERR_STORE_UNAVAILABLE'],
  [StoreFullError, 'StoreFullError', 'ERR_STORE_FULL'],
  [ValueTooLargeError, 'ValueTooLargeError', 'ERR_VALUE_TOO_LARGE'],
  [AmbiguousWriteError, 'AmbiguousWriteError', 'ERR_AMBIGUOUS_WRITE'],
  [StoreClosedError, 'StoreClosedError', 'ERR_STORE_CLOSED'],
  [UnsupportedError, 'UnsupportedError', 'ERR_UNSUPPORTED'],
] as const

describe('store errors', () => {
  it.each(STORE_ERRORS)('%o has its own name and code, the store, the operation and the cause', (Class, name, code) => {
    const cause = new Error('ECONNREFUSED')
    const error = new Class('no', { store: 'redis', operation: 'get', cause })
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ name, code, store: 'redis', operation: 'get', cause, message: 'no' })
  })

  it('has no cause where none was given', () => {
    expect('cause' in new StoreFullError('full', { store: 'redis' })).toBe(false)
  })
})

describe('errors of the caller', () => {
  it('an option that cannot be meant is a RangeError that begins with the name of the option', () => {
    const error = new InvalidOptionError('ttl', 'must be finite')
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ name: 'InvalidOptionError', code: 'ERR_INVALID_OPTION', option: 'ttl' })
    expect(error.message).toBe('ttl: must be finite')
  })

  it.each([
    [InvalidKeyError, 'InvalidKeyError', 'ERR_INVALID_KEY'],
    [InvalidLoaderError, 'InvalidLoaderError', 'ERR_INVALID_LOADER'],
    [InvalidValueError, 'InvalidValueError', 'ERR_INVALID_VALUE'],
  ] as const)('%o is a TypeError with its own name and code', (Class, name, code) => {
    const error = new Class('what is wrong')
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ name, code, message: 'what is wrong' })
  })
})

it('a call that did not end in time names the option and its time', () => {
  expect(new LoadTimeoutError(30_000)).toMatchObject({
    name: 'LoadTimeoutError',
    code: 'ERR_LOAD_TIMEOUT',
    message: 'no value within hardTimeout, 30000 ms',
  })
})
