import { AmbiguousWriteError, StoreError, StoreUnavailableError } from '@tiercel/cache-core/store'
import {
  ClientNotActiveError,
  ClientOfflineError,
  HazelcastInstanceNotActiveError,
  IllegalStateError,
  IOError,
  MemberLeftError,
  OperationTimeoutError,
  PartitionMigratingError,
  SplitBrainProtectionError,
  TargetDisconnectedError,
  TargetNotMemberError,
} from 'hazelcast-client'
import { describe, expect, it } from 'vitest'
import { storeError } from '../src/errors.js'

describe('an error of a write', () => {
  it.each([
    new ClientOfflineError(),
    new TargetNotMemberError('left'),
    new PartitionMigratingError('moves'),
    new SplitBrainProtectionError('too few members'),
    new IllegalStateError('Cluster is in PASSIVE state! Operation: com.hazelcast.map.impl.operation.SetOperation'),
    new OperationTimeoutError('deadline', new PartitionMigratingError('moves')),
  ])('is “unavailable” where nothing was executed: %o', (error) => {
    expect(storeError('set', 'write', error)).toBeInstanceOf(StoreUnavailableError)
  })

  it.each([
    new IOError('EPIPE'),
    new TargetDisconnectedError('heartbeat'),
    new OperationTimeoutError('on the member'),
    new OperationTimeoutError('deadline', new IOError('EPIPE')),
    new HazelcastInstanceNotActiveError('shutting down'),
    new MemberLeftError('left'),
    new ClientNotActiveError('shutting down'),
    new Error('unknown'),
  ])('is “ambiguous” where it may have been: %o', (error) => {
    expect(storeError('set', 'write', error)).toBeInstanceOf(AmbiguousWriteError)
  })
})

describe('an error', () => {
  it('of a read is “unavailable”: nothing was changed', () => {
    expect(storeError('get', 'read', new TargetDisconnectedError('lost'))).toBeInstanceOf(StoreUnavailableError)
  })

  it('names the operation and the reason, and has the cause', () => {
    const error = storeError('set', 'write', new OperationTimeoutError('deadline', new IOError('EPIPE')))
    expect(error).toMatchObject({ store: 'hazelcast', operation: 'set', cause: { message: 'EPIPE' } })
    expect(error.message).toContain('EPIPE')
  })

  it('of the store stays what it is', () => {
    const error = new StoreError('own', { store: 'hazelcast' })
    expect(storeError('get', 'read', error)).toBe(error)
  })

  it('of another copy of the client is known too', () => {
    class ClientOfflineError extends Error {}
    expect(storeError('set', 'write', new ClientOfflineError())).toBeInstanceOf(StoreUnavailableError)
  })
})
