import { setTimeout as delay } from 'node:timers/promises'
import {
  AmbiguousWriteError,
  guardStore,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
  type Version,
} from '@tiercel/cache-core/store'
import { describe, expect, inject, it, vi } from 'vitest'
import { KvProxy, Opcode, Status } from './support/kv-proxy.js'
import { storesOnTheWire } from './support/stores-on-the-wire.js'

// What a real server would need a fault for is made by a proxy before the mock.
const mock = inject('mock')
const proxy = mock === undefined ? undefined : await KvProxy.start(mock)

const VALUE = Buffer.from('value')
const DAY_S = 86_400

describe.skipIf(proxy === undefined)('couchbase, as seen on the wire', () => {
  const wire = proxy as KvProxy
  const { key, warm, meet } = storesOnTheWire(wire, 'store')

  describe('lifetimes', () => {
    /** Behind the flags of a document, and behind the step and the beginning of a counter. */
    const expiry = (opcode: number): number => wire.last(opcode).extras.readUInt32BE(COUNTING.includes(opcode) ? 16 : 4)
    const COUNTING: readonly number[] = [Opcode.increment, Opcode.decrement]

    it('every way to write carries the expiry', async () => {
      const store = await warm()
      const written = key()
      await store.set(written, VALUE, { ttl: 10_000 })
      expect(expiry(Opcode.upsert)).toBe(11)
      await store.setMany([{ key: written, bytes: VALUE, ttl: 20_000 }])
      expect(expiry(Opcode.upsert)).toBe(21)
      const added = key()
      const version = (await store.add(added, VALUE, { ttl: 30_000 })) as Version
      expect(expiry(Opcode.insert)).toBe(31)
      await store.compareAndSet(added, version, VALUE, { ttl: 40_000 })
      expect(expiry(Opcode.replace)).toBe(41)
      await store.touch(written, 50_000)
      expect(wire.last(Opcode.touch).extras.readUInt32BE(0)).toBe(51)
      await store.increment(key(), 1, { ttl: 60_000 })
      expect(expiry(Opcode.increment)).toBe(61)
      await store.increment(key(), -1, { ttl: 70_000 })
      expect(expiry(Opcode.decrement)).toBe(71)
    })

    it('a write without a TTL says that there is no end', async () => {
      const store = await warm()
      await store.set(key(), VALUE)
      expect(expiry(Opcode.upsert)).toBe(0)
    })

    it('31 days and 10 years are points in time', async () => {
      const store = await warm()
      for (const days of [31, 3_650]) {
        await store.set(key(), VALUE, { ttl: days * DAY_S * 1_000 })
        expect(expiry(Opcode.upsert) - Date.now() / 1_000 - days * DAY_S).toBeCloseTo(1, -1)
      }
    })

    it("'keep' gives a value of this process what is left of its lifetime, and no less", async () => {
      const store = await warm()
      const written = key()
      const began = performance.now()
      const version = (await store.add(written, VALUE, { ttl: 100_000 })) as Version
      await delay(1_100)
      let compared = version
      for (const _ of [1, 2]) {
        const elapsedS = (performance.now() - began) / 1_000
        compared = (await store.compareAndSet(written, compared, VALUE, { ttl: 'keep' })) as Version
        const left = expiry(Opcode.replace)
        // In whole seconds of the server, of which the first may be over at once.
        expect(left).toBeLessThan(100 - elapsedS + 2)
        expect(left).toBeGreaterThanOrEqual(100 - (performance.now() - began) / 1_000)
      }
      expect(wire.count(Opcode.lookupIn)).toBe(0)
    })

    it("'keep' asks the server when the value of another ends", async () => {
      const store = await warm()
      const written = key()
      await store.set(written, VALUE, { ttl: 100_000 })
      const entry = await store.get(written)
      const end = Math.ceil(Date.now() / 1_000) + 77
      meet(Opcode.lookupIn, { value: lookupOf(String(end)) })
      await store.compareAndSet(written, entry?.version as Version, VALUE, { ttl: 'keep' })
      expect(expiry(Opcode.replace)).toBe(end)
    })

    it("'keep' leaves a value without an end without one", async () => {
      const store = await warm()
      const written = key()
      await store.set(written, VALUE)
      const entry = await store.get(written)
      meet(Opcode.lookupIn, { value: lookupOf('0') })
      await store.compareAndSet(written, entry?.version as Version, VALUE, { ttl: 'keep' })
      expect(expiry(Opcode.replace)).toBe(0)
    })
  })

  describe('conditional writes', () => {
    it('carry the CAS that was read', async () => {
      const store = await warm()
      const written = key()
      await store.set(written, VALUE)
      const first = (await store.get(written))?.version as Version
      const second = (await store.compareAndSet(written, first, VALUE)) as Version
      const { cas } = wire.last(Opcode.replace)
      expect(cas).not.toBe(0n)
      expect(await store.compareAndDelete(written, second)).toBe(true)
      expect(wire.last(Opcode.remove).cas).toBeGreaterThan(cas)
    })

    it('are never unconditional, whatever is given as version', async () => {
      const store = await warm()
      const written = key()
      await store.set(written, VALUE)
      expect(await store.compareAndSet(written, {}, Buffer.from('other'))).toBeUndefined()
      expect(await store.compareAndDelete(written, {})).toBe(false)
      expect((await store.get(written))?.bytes).toEqual(VALUE)
    })

    it('are not repeated when the connection ends before the answer', async () => {
      const store = await warm()
      const written = key()
      const version = (await store.add(written, VALUE)) as Version
      meet(Opcode.replace, 'hang-up')
      await expect(store.compareAndSet(written, version, Buffer.from('new'))).rejects.toThrow(AmbiguousWriteError)
      expect(wire.count(Opcode.replace)).toBe(1)
      wire.reset()
      await vi.waitFor(async () => expect((await store.get(written))?.bytes.toString()).toBe('new'), {
        timeout: 20_000,
      })
    })

    it('are repeated by the SDK after a temporary failure, when the server has said that it did nothing', async () => {
      const store = await warm()
      const written = key()
      const version = (await store.add(written, VALUE)) as Version
      wire.fate = ({ opcode }) =>
        opcode === Opcode.replace && wire.count(Opcode.replace) <= 2 ? { status: Status.temporaryFailure } : undefined
      expect(await store.compareAndSet(written, version, VALUE)).toBeDefined()
      expect(wire.count(Opcode.replace)).toBe(3)
    })
  })

  describe('counters', () => {
    it('reading one that is absent does not begin it, so that its TTL is that of its first step', async () => {
      const store = await warm()
      const counter = key()
      expect(await store.increment(counter, 0)).toBe(0)
      expect(await store.delete(counter)).toBe(false)
    })

    it('get of one is bytes, which the entry layer calls dead, and no error', async () => {
      const store = await warm()
      const counter = key()
      await store.increment(counter, 42)
      expect((await store.get(counter))?.bytes.toString()).toBe('1000000000000042')
    })

    it('leaving what is exact is an error, and so is a step that would', async () => {
      const store = await warm()
      const counter = key()
      await store.increment(counter, 8_000_000_000_000_000)
      const beyond = { code: 'ERR_COUNTER_RANGE' }
      await expect(store.increment(counter, 8_000_000_000_000_000)).rejects.toMatchObject(beyond)
      await expect(store.increment(counter, 9_000_000_000_000_000)).rejects.toMatchObject(beyond)
      await expect(store.increment(counter, 0)).resolves.toBe(8_000_000_000_000_000)
      await expect(store.increment(key(), -1_000_000_000_000_000)).rejects.toMatchObject(beyond)
    })
  })

  describe('errors', () => {
    it('a write whose answer is lost is ambiguous, and was executed here', async () => {
      const store = await warm({ kvTimeout: 500 })
      const written = key()
      meet(Opcode.upsert, 'withhold')
      await expect(store.set(written, VALUE)).rejects.toThrow(AmbiguousWriteError)
      expect((await store.get(written))?.bytes).toEqual(VALUE)
    })

    it('a write that was not sent in time is unavailable: nothing was changed', async () => {
      const gone = await KvProxy.start(mock as string)
      const store = await warm({ url: `couchbase://default:@${gone.hosts}/default`, kvTimeout: 500 })
      await gone.close()
      await delay(100)
      await expect(store.set(key(), VALUE)).rejects.toThrow(StoreUnavailableError)
    })

    it('a read whose answer is lost is a timeout, and no miss', async () => {
      const store = await warm({ kvTimeout: 500 })
      meet(Opcode.get, 'withhold')
      await expect(store.get(key())).rejects.toThrow(StoreTimeoutError)
      await expect(store.getMany([key(), key()])).rejects.toThrow(StoreTimeoutError)
    })

    it('a server without memory is full, and the guard takes away the old value', async () => {
      const raw = await warm()
      const store = guardStore(raw, { timeout: '2s' })
      const written = key()
      await store.set(written, VALUE)
      meet(Opcode.upsert, { status: Status.noMemory })
      await expect(raw.set(written, VALUE)).rejects.toThrow(StoreFullError)
      await expect(store.set(written, VALUE)).rejects.toThrow(StoreFullError)
      expect(await store.get(written)).toBeUndefined()
    })

    it('a temporary failure that does not pass is ambiguous: the SDK repeats until its timeout', async () => {
      const store = await warm({ kvTimeout: 500 })
      meet(Opcode.upsert, { status: Status.temporaryFailure })
      await expect(store.set(key(), VALUE)).rejects.toThrow(/key_value_temporary_failure/)
      await expect(store.set(key(), VALUE)).rejects.toThrow(AmbiguousWriteError)
    })

    it('a value that the server calls too large is a ValueTooLargeError', async () => {
      const store = await warm()
      meet(Opcode.upsert, { status: Status.tooBig })
      await expect(store.set(key(), VALUE)).rejects.toThrow(ValueTooLargeError)
    })

    it('a write that the user may not make is unavailable, with the cause', async () => {
      const store = await warm()
      meet(Opcode.upsert, { status: Status.noAccess })
      const error = await store.set(key(), VALUE).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect((error as Error).message).toContain('authentication failure')
      expect((error as Error).cause).toBeInstanceOf(Error)
    })

    it.each([
      ['add', Opcode.insert, 'add'],
      ['compareAndSet', Opcode.replace, 'compareAndSet'],
      ['compareAndDelete', Opcode.remove, 'compareAndSet'],
      ['touch', Opcode.touch, 'touch'],
      ['increment', Opcode.increment, 'increment'],
    ] as const)(
      'a user who may not %s has no such capability, until they may',
      async (operation, opcode, capability) => {
        const store = await warm()
        const name = key()
        const version = (await store.add(name, VALUE)) as Version
        const operate = {
          add: () => store.add(key(), VALUE),
          compareAndSet: () => store.compareAndSet(name, version, VALUE),
          compareAndDelete: () => store.compareAndDelete(name, version),
          touch: () => store.touch(name, 60_000),
          increment: () => store.increment(key(), 1),
        }[operation]
        wire.fate = (request) => (request.opcode === opcode ? { status: Status.noAccess } : undefined)
        await expect(operate()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', answered: true })
        expect(store.capabilities).toMatchObject({ [capability]: false })
        await expect(operate()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
        wire.fate = () => undefined
        await expect.poll(() => store.capabilities).toMatchObject({ [capability]: true })
        expect(await operate()).not.toBe(false)
      },
    )

    it('one value of setMany that fails does not keep the others from being written', async () => {
      const store = await warm()
      const [good, bad, last] = [key(), key(), key()]
      wire.fate = ({ opcode, key: asked }) =>
        opcode === Opcode.upsert && asked.endsWith(bad) ? { status: Status.tooBig } : undefined
      await expect(store.setMany([good, bad, last].map((each) => ({ key: each, bytes: VALUE })))).rejects.toThrow(
        ValueTooLargeError,
      )
      expect((await store.getMany([good, bad, last])).map((entry) => entry?.bytes)).toEqual([VALUE, undefined, VALUE])
    })
  })
})

/** The answer to a lookup of one path: its status, its length, its text. */
function lookupOf(text: string): Buffer {
  const head = Buffer.alloc(6)
  head.writeUInt32BE(text.length, 2)
  return Buffer.concat([head, Buffer.from(text)])
}
