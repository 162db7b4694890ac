import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { InvalidOptionError, InvalidValueError } from '../../src/base/errors.js'
import type { CacheOptions } from '../../src/data/options.js'
import { v8Codec } from '../../src/entry/v8-codec.js'
import { turn } from '../../src/testing/fake-clock.js'
import { setUp, slowly } from '../support/set-up.js'

const isPoint = (value: unknown): boolean => typeof (value as { x?: unknown } | null)?.x === 'number'

/** The same rule, said by each kind of `validate`. */
const VALIDATORS: readonly (readonly [string, NonNullable<CacheOptions['validate']>])[] = [
  ['a function', isPoint],
  ['a schema of Zod', z.object({ x: z.number() })],
  ['a schema of Valibot', v.object({ x: v.number() })],
]

describe.each(VALIDATORS)('with %s to validate', (_, validate) => {
  it('what is stored and valid is a hit', async () => {
    const { cache } = setUp({ validate })
    await cache.set('k', { x: 1 })
    expect(await cache.get('k')).toEqual({ x: 1 })
    expect(await cache.getOrSet('k', () => ({ x: 2 }))).toEqual({ x: 1 })
  })

  it('what is stored and not valid is a miss everywhere, counted, and loaded anew', async () => {
    const { cache, another } = setUp()
    await cache.set('k', { x: 'one' })
    const { cache: strict } = another({ validate })
    expect(await strict.get('k')).toBeUndefined()
    expect(await strict.getEntry('k')).toBeUndefined()
    expect(await strict.getOrSet('k', ({ previous }) => ({ x: previous === undefined ? 2 : 3 }))).toEqual({ x: 2 })
    expect(await strict.get('k')).toEqual({ x: 2 })
    expect(strict.stats()).toMatchObject({ unreadable: 3, loads: 1, stores: 1 })
  })

  it('what would not be valid is not stored: the loader of it has failed', async () => {
    const { cache } = setUp({ validate })
    await expect(cache.getOrSet('k', () => ({ x: 'one' }))).rejects.toBeInstanceOf(InvalidValueError)
    await expect(cache.set('k', { x: 'one' })).rejects.toBeInstanceOf(InvalidValueError)
    await expect(cache.add('k', null)).rejects.toBeInstanceOf(InvalidValueError)
    await expect(cache.getOrSetMany(['k'], () => [{ x: 'one' }])).rejects.toBeInstanceOf(InvalidValueError)
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.stats().stores).toBe(0)
  })

  it('what is stale and not valid is not served when a load fails', async () => {
    const { cache, another } = setUp({ staleIfError: '1h' })
    await cache.set('k', { x: 'one' })
    await cache.expire('k')
    const failing = another({ validate, staleIfError: '1h' }).cache.getOrSet('k', () =>
      Promise.reject(new Error('down')),
    )
    await expect(failing).rejects.toThrow('down')
  })
})

describe('validate', () => {
  it('gives callers what a schema makes of the value, loaded or stored', async () => {
    const validate = z.object({ at: z.coerce.date() })
    const { cache } = setUp({ validate })
    const load = (): object => ({ at: new Date(0) })
    expect(await cache.getOrSet('k', load)).toEqual({ at: new Date(0) })
    expect(await cache.getOrSet('k', load)).toEqual({ at: new Date(0) })
    expect(await cache.get('k')).toEqual({ at: new Date(0) })
  })

  it('that throws is a miss on reads', async () => {
    const { cache } = setUp()
    await cache.set('k', 1)
    const throwing = cache.configure({
      validate: () => {
        throw new Error('broken')
      },
    })
    expect(await throwing.get('k')).toBeUndefined()
  })

  it('with asynchronous steps is told of at the first load', async () => {
    const validate = z.string().refine(() => Promise.resolve(true))
    const { cache } = setUp({ validate })
    await expect(cache.getOrSet('k', () => 'v')).rejects.toBeInstanceOf(InvalidValueError)
  })

  it('does not see that there is nothing', async () => {
    const { cache } = setUp({ validate: isPoint, negativeTtl: '1m' })
    const loader = vi.fn(() => undefined)
    await cache.getOrSet('k', loader)
    expect(await cache.getOrSet('k', loader)).toBeUndefined()
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('may be said by a namespace or a call', async () => {
    const { cache } = setUp()
    await cache.set('k', 'text')
    expect(await cache.getOrSet('k', () => ({ x: 1 }), { validate: isPoint })).toEqual({ x: 1 })
    const points = cache.namespace('points', { validate: isPoint })
    await expect(points.set('k', 'text')).rejects.toBeInstanceOf(InvalidValueError)
  })
})

describe('schemaVersion', () => {
  it.each([{ x: 1 }, 'text', Buffer.from('bytes'), null])(
    'another one makes %j a miss, which is replaced',
    async (value) => {
      const { cache, another } = setUp({ schemaVersion: 1 })
      await cache.set('k', value)
      expect(await another({ schemaVersion: '1' }).cache.get('k')).toEqual(value)
      for (const schemaVersion of [2, undefined]) {
        const { cache: later } = another({ schemaVersion })
        expect(await later.get('k')).toBeUndefined()
        expect(await later.has('k')).toBe(false)
        expect(await later.ttl('k')).toBeUndefined()
      }
      const { cache: later } = another({ schemaVersion: 2 })
      expect(await later.getOrSet('k', ({ previous }) => [previous])).toEqual([null])
      expect(await later.get('k')).toEqual([null])
      expect(await cache.get('k')).toBeUndefined()
    },
  )

  it('is not lengthened into the name of another codec', async () => {
    const { cache, another } = setUp({ codec: { ...v8Codec, name: 'a' }, schemaVersion: 'b' })
    await cache.set('k', {})
    expect(await another({ codec: { ...v8Codec, name: 'a b' } }).cache.get('k')).toBeUndefined()
  })

  it('of what a source has not modified must be the present one', async () => {
    const { cache, another, clock } = setUp({ schemaVersion: 1 })
    await cache.set('k', 'old', { ttl: '1m', staleIfError: '1h' })
    await clock.advance(60_001)
    const { cache: later } = another({ schemaVersion: 2 })
    await expect(later.getOrSet('k', ({ notModified }) => notModified())).rejects.toThrow('no previous value')
  })

  it('is checked by name', () => {
    expect(() => setUp({ schemaVersion: 'x'.repeat(65) })).toThrow(InvalidOptionError)
    expect(() => setUp({ schemaVersion: 1.5 })).toThrow(/schemaVersion/)
  })
})

describe('the codec', () => {
  it('of a namespace is its own; another one’s entries are misses', async () => {
    const { cache } = setUp()
    const structured = cache.namespace('structured', { codec: v8Codec })
    await structured.set('k', new Map([['a', new Date(0)]]))
    expect(await structured.get('k')).toEqual(new Map([['a', new Date(0)]]))
    expect(await cache.namespace('structured').get('k')).toBeUndefined()
    expect(cache.stats().unreadable).toBe(1)
  })

  it('has a name of one line', () => {
    expect(() => setUp({ codec: { ...v8Codec, name: 'a\nb' } })).toThrow(/codec.name/)
  })
})

it('while another process replaces what this one cannot read, it waits as on a lease, without a storm of reads', async () => {
  const { cache, another, clock } = setUp({ schemaVersion: 1 })
  await cache.set('k', 'old')
  const [one, two] = [another({ schemaVersion: 2 }), another({ schemaVersion: 2 })]
  const loading = one.cache.getOrSet('k', slowly(clock, 1_000, 'new'))
  await turn()
  const waiting = two.cache.getOrSet('k', () => 'not asked')
  await clock.advance(1_500)
  expect(await Promise.all([loading, waiting])).toEqual(['new', 'new'])
  expect(two.faulty.calls.length).toBeLessThan(30)
})
