import { describe, expect, it } from 'vitest'
import {
  AmbiguousWriteError,
  StoreClosedError,
  StoreFullError,
  StoreUnavailableError,
  UnsupportedError,
} from '../../../src/base/errors.js'
import { StoreErrors } from '../../../src/store/kit/store-errors.js'

const errors = new StoreErrors('redis')
const cause = new Error('ECONNRESET')

describe('the errors of a store', () => {
  it('say that it is closed', () => {
    expect(errors.closed('get')).toBeInstanceOf(StoreClosedError)
    expect(errors.closed('get')).toMatchObject({
      message: 'redis: the store is closed',
      store: 'redis',
      operation: 'get',
    })
    expect(errors.closed()).toMatchObject({ operation: undefined })
  })

  it('say what it cannot do, and why', () => {
    const error = errors.unsupported('publish', 'the store has no bus')
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error).toMatchObject({ message: 'redis: the store has no bus', store: 'redis', operation: 'publish' })
  })

  it('say that there is no connection, and why, also where no operation can be named', () => {
    expect(errors.notConnected('ECONNRESET', cause)).toBeInstanceOf(StoreUnavailableError)
    expect(errors.notConnected('ECONNRESET', cause)).toMatchObject({
      message: 'redis: not connected: ECONNRESET',
      operation: undefined,
      cause,
    })
    expect(errors.notConnected('still connecting', undefined, 'get')).toMatchObject({ operation: 'get' })
  })

  it('say what failed without changing anything, by the class that the adapter names', () => {
    const error = errors.failed(StoreFullError, 'set', 'OOM', cause)
    expect(error).toBeInstanceOf(StoreFullError)
    expect(error).toMatchObject({ message: 'redis: set failed: OOM', store: 'redis', operation: 'set', cause })
  })

  it('leave the outcome of a write open whose answer is lost, and of no read', () => {
    const read = errors.unanswered('get', 'read', 'ECONNRESET', cause)
    expect(read).toBeInstanceOf(StoreUnavailableError)
    expect(read).toMatchObject({ message: 'redis: get failed: ECONNRESET', cause })
    const write = errors.unanswered('set', 'write', 'ECONNRESET', cause)
    expect(write).toBeInstanceOf(AmbiguousWriteError)
    expect(write).toMatchObject({ message: 'redis: set may or may not have happened: ECONNRESET', cause })
  })
})
