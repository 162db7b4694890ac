import { describe, expect, it } from 'vitest'
import {
  AmbiguousWriteError,
  StoreFullError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '../../../src/base/errors.js'
import { guardStore } from '../../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'
import { expectLinear } from '../../support/linear.js'
import { errorOf, rejecting } from '../../support/rejections.js'
import { scriptedStore } from '../../support/scripted-store.js'

const bytes = Buffer.from('bytes')
const details = { store: 'memory' }

describe('refused writes', () => {
  const large = Buffer.alloc(6_000)
  const small = (): Store => memoryStore({ maxBytes: 6_000 })
  const capabilities = { ...memoryStore().capabilities, maxValueBytes: 100 }
  const tooLarge = Buffer.alloc(101)

  it('leave no old value: set removes the key', async () => {
    const store = guardStore(small())
    await store.set('k', bytes)
    expect(await errorOf(store.set('k', large))).toBeInstanceOf(ValueTooLargeError)
    expect(await store.get('k')).toBeUndefined()
  })

  it('compareAndSet removes the version it was given and no other', async () => {
    const store = guardStore(small())
    const old = (await store.add('k', bytes)) ?? 0
    await store.set('k', bytes)
    expect(await errorOf(store.compareAndSet('k', old, large))).toBeInstanceOf(ValueTooLargeError)
    const present = await store.get('k')
    expect(present).toBeDefined()
    await errorOf(store.compareAndSet('k', present?.version ?? 0, large))
    expect(await store.get('k')).toBeUndefined()
  })

  it('add changes nothing', async () => {
    const store = guardStore(small())
    await store.set('k', bytes)
    expect(await errorOf(store.add('k', large))).toBeInstanceOf(ValueTooLargeError)
    expect(await store.get('k')).toBeDefined()
  })

  it.each(['compareAndSet', 'compareAndDelete'] as const)(
    'a %s that the store turns out not to have removes what nobody can complete any more',
    async (operation) => {
      const refusal = new StoreUnavailableError('NOPERM', details)
      const present = { ...memoryStore().capabilities }
      const refused = async (): Promise<never> => {
        Object.assign(present, { compareAndSet: false })
        throw refusal
      }
      const { store, calls } = scriptedStore({ capabilities: present, [operation]: refused })
      const guarded = guardStore(store)
      const lease = (await guarded.add('k', bytes)) ?? 0
      const outcome =
        operation === 'compareAndSet' ? guarded.compareAndSet('k', lease, bytes) : guarded.compareAndDelete('k', lease)
      expect(await errorOf(outcome)).toBe(refusal)
      expect(calls).toEqual(['add k', `${operation} k`, 'delete k'])
      expect(await guarded.get('k')).toBeUndefined()
    },
  )

  it('setMany that the guard refuses in part sends the rest as one batch, and removes the others as one', async () => {
    const { store, calls } = scriptedStore({
      capabilities,
      setMany: async (writes) => void sent.push(writes.map(({ key }) => key)),
    })
    const sent: string[][] = []
    const writes = ['a', 'large', 'b', 'larger'].map((key) => ({ key, bytes: key.startsWith('l') ? tooLarge : bytes }))
    expect(await errorOf(guardStore(store).setMany(writes))).toMatchObject({ code: 'ERR_VALUE_TOO_LARGE' })
    expect(sent).toEqual([['a', 'b']])
    expect(calls).toEqual(['setMany', 'deleteMany'])
  })

  it('setMany removes what was refused beforehand also when the rest fails', async () => {
    const away = new AmbiguousWriteError('lost', details)
    const { store } = scriptedStore({ capabilities, setMany: rejecting(away) })
    await store.set('large', bytes)
    const guarded = guardStore(store)
    const writes = [
      { key: 'a', bytes },
      { key: 'large', bytes: tooLarge },
    ]
    expect(await errorOf(guarded.setMany(writes))).toBe(away)
    expect(await guarded.get('large')).toBeUndefined()
  })

  it('setMany of nothing but what does not fit writes nothing', async () => {
    const { store, calls } = scriptedStore({ capabilities })
    const error = await errorOf(guardStore(store).setMany([{ key: 'large', bytes: tooLarge }]))
    expect(error).toBeInstanceOf(ValueTooLargeError)
    expect(calls).toEqual(['deleteMany'])
  })

  it('setMany does not look through the batch again for each write', async () => {
    const { store } = scriptedStore({ setMany: async () => undefined })
    const guarded = guardStore(store)
    const writing = (count: number): (() => Promise<void>) => {
      const writes = Array.from({ length: count }, (_, index) => ({ key: `k${index}`, bytes }))
      return () => guarded.setMany(writes)
    }
    await expectLinear(writing, { small: 5_000, large: 40_000 })
  })

  it('setMany that cannot remove what it refused is ambiguous', async () => {
    const { store } = scriptedStore({ capabilities, deleteMany: rejecting(new Error('gone')) })
    const error = await errorOf(guardStore(store).setMany([{ key: 'large', bytes: tooLarge }]))
    expect(error).toBeInstanceOf(AmbiguousWriteError)
    expect(error.message).toBe('memory: setMany was refused, and the old value could not be removed')
  })

  it('setMany writes the others, and removes what was refused', async () => {
    const store = guardStore(small())
    await store.set('large', bytes)
    const writes = [
      { key: 'a', bytes },
      { key: 'large', bytes: large },
      { key: 'b', bytes },
    ]
    expect(await errorOf(store.setMany(writes))).toBeInstanceOf(ValueTooLargeError)
    expect(await store.getMany(['a', 'large', 'b'])).toMatchObject([{ bytes }, undefined, { bytes }])
  })

  it('by a full store remove what they would have replaced', async () => {
    const full = new StoreFullError('OOM', details)
    const { store, calls } = scriptedStore({
      set: rejecting(full),
      setMany: rejecting(full),
      compareAndSet: rejecting(full),
    })
    const guarded = guardStore(store)
    expect(await errorOf(guarded.set('a', bytes))).toBe(full)
    expect(await errorOf(guarded.setMany([{ key: 'b', bytes }]))).toBe(full)
    expect(await errorOf(guarded.compareAndSet('c', 1, bytes))).toBe(full)
    expect(calls).toEqual(['set a', 'delete a', 'setMany', 'deleteMany', 'compareAndSet c', 'compareAndDelete c'])
  })

  it('are ambiguous when the old value could not be removed either', async () => {
    const full = new StoreFullError('OOM', details)
    const store = guardStore(scriptedStore({ set: rejecting(full), delete: rejecting(new Error('gone')) }).store)
    expect(await errorOf(store.set('k', bytes))).toBeInstanceOf(AmbiguousWriteError)
  })
})
