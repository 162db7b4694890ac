import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Duration } from '../../src/base/duration.js'
import { InvalidOptionError } from '../../src/base/errors.js'
import {
  amount,
  callback,
  count,
  duration,
  either,
  flag,
  list,
  nested,
  oneOf,
  record,
  shape,
  text,
} from '../../src/base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../../src/base/option-table.js'

interface Near {
  readonly maxBytes?: number | undefined
  readonly ttl?: Duration | undefined
}

interface Engine {
  start(): void
  stop(): void
}

interface Options {
  readonly ttl?: Duration | undefined
  readonly maxEntries?: number | undefined
  readonly etag?: boolean | undefined
  readonly mode?: 'clone' | 'shared' | undefined
  readonly tags?: readonly string[] | undefined
  readonly near?: Near | false | undefined
  readonly password?: string | undefined
  readonly engine?: Engine | undefined
}

const NEAR = { maxBytes: count().or(1_000), ttl: duration().or('30s') } satisfies RowsOf<Near>

const ROWS = {
  ttl: duration({ infinite: true }).or('5m'),
  maxEntries: count({ max: Number.POSITIVE_INFINITY }),
  etag: flag().or(true),
  mode: oneOf(['clone', 'shared']),
  tags: list(text(), 'tags', "['products']").or([]),
  near: either(oneOf([false]), nested(NEAR)),
  password: text({ secret: true }),
  engine: shape<Engine>('an engine', ['start', 'stop']),
} satisfies RowsOf<Options>

const table = new OptionTable('makeThing', ROWS)
const DEFAULTS = table.read({})

function refusal(run: () => unknown): InvalidOptionError {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
  }
  throw new Error('nothing was refused')
}

describe('a table of options', () => {
  it('reads each as its row says, durations under a name with their unit', () => {
    const engine = { start: () => {}, stop: () => {} }
    const near = { ttl: '1s' } as const
    expect(
      table.read({ ttl: '1m', maxEntries: 5, etag: false, mode: 'clone', tags: ['a'], near, password: 'x', engine }),
    ).toEqual({
      ttlMs: 60_000,
      maxEntries: 5,
      etag: false,
      mode: 'clone',
      tags: ['a'],
      near: { maxBytes: 1_000, ttlMs: 1_000 },
      password: 'x',
      engine,
    })
  })

  it('has the defaults of its rows, and undefined for a row without', () => {
    expect(table.read({})).toStrictEqual({
      ttlMs: 300_000,
      maxEntries: undefined,
      etag: true,
      mode: undefined,
      tags: [],
      near: undefined,
      password: undefined,
      engine: undefined,
    })
  })

  it('takes undefined for absent, in fields of an option too', () => {
    const nothing = { ttl: undefined, etag: undefined, tags: undefined, engine: undefined }
    expect(table.read(nothing)).toEqual(DEFAULTS)
    expect(table.read({ near: { ttl: undefined, maxBytes: 5 } }).near).toEqual({ maxBytes: 5, ttlMs: 30_000 })
  })

  it('refuses at its making a default that its own row would refuse', () => {
    expect(() => new OptionTable('makeThing', { ttl: duration({ min: 10 }).or(5) })).toThrow('ttl: must be at least')
  })

  it('says what is missing', () => {
    const needy = new OptionTable('makeThing', { store: text().required('give a store') })
    expect(refusal(() => needy.read({}))).toMatchObject({ option: 'store', message: 'store: missing; give a store' })
    expect(needy.read({ store: 's' })).toEqual({ store: 's' })
  })
})

describe('layers', () => {
  it('what a layer names stands over the one below, and what it does not name is as below', () => {
    const below = table.read({ ttl: '1h', etag: false })
    expect(table.inherit({ ttl: '1m', etag: undefined }, below)).toEqual({ ...below, ttlMs: 60_000 })
    expect(table.inherit({ tags: ['a'] }, below)).toEqual({ ...below, tags: ['a'] })
  })

  it('fields of an option are layered too', () => {
    const below = table.read({ near: { maxBytes: 5 } })
    expect(table.inherit({ near: { ttl: '2s' } }, below).near).toEqual({ maxBytes: 5, ttlMs: 2_000 })
    expect(table.inherit({ near: false }, below).near).toBe(false)
    expect(table.inherit({ near: {} }, table.read({ near: false })).near).toEqual({ maxBytes: 1_000, ttlMs: 30_000 })
  })

  it('a layer that names nothing is the one below, without a copy', () => {
    const below = table.read({ ttl: '1h' })
    expect(table.inherit(undefined, below)).toBe(below)
    expect(table.inherit({ ttl: undefined }, below)).toEqual(below)
  })

  it('a layer below of another table counts with the names that this one has', () => {
    const wider = { ttlMs: 1, etag: false, tags: [], store: {} }
    expect(table.inherit({ mode: 'clone' }, wider)).toStrictEqual({
      ...DEFAULTS,
      ttlMs: 1,
      etag: false,
      mode: 'clone',
    })
  })

  it('the layer below and the defaults stay as they were', () => {
    const below = table.read({ ttl: '1h' })
    const before = structuredClone(below)
    table.inherit({ ttl: '1m', tags: ['a'], near: { ttl: 1 } }, below)
    expect(below).toEqual(before)
    expect(table.read({})).toEqual(DEFAULTS)
  })

  it('as they were written are merged without a name that says undefined', () => {
    const below: Options = { ttl: '1h', etag: false }
    expect(table.over({ ttl: undefined, mode: 'clone' }, below)).toEqual({ ttl: '1h', etag: false, mode: 'clone' })
    expect(table.over({ near: { ttl: 1 } }, { near: { maxBytes: 5 } })).toEqual({ near: { maxBytes: 5, ttl: 1 } })
    expect(table.over({ near: false }, { near: { maxBytes: 5 } })).toEqual({ near: false })
    expect(refusal(() => table.over({ tll: 1 } as Options, below)).option).toBe('tll')
    expect(refusal(() => table.over(true as never, below)).option).toBe('makeThing')
  })
})

describe('a name that the table does not know', () => {
  const list = 'ttl, maxEntries, etag, mode, tags, near, password, engine'

  it.each([
    ['tll', 'ttl'],
    ['TTL', 'ttl'],
    ['max_entries', 'maxEntries'],
    ['maxentries', 'maxEntries'],
    ['maxEntires', 'maxEntries'],
    ['pasword', 'password'],
  ])('is refused, even as undefined, with the one that was meant: %s', (wrong, meant) => {
    expect(refusal(() => table.read({ [wrong]: undefined }))).toMatchObject({
      option: wrong,
      message: `${wrong}: makeThing has no such option; did you mean '${meant}'? It has ${list}`,
    })
  })

  it('is refused without advice where none is like it', () => {
    expect(refusal(() => table.read({ colour: 'red' })).message).toBe(
      `colour: makeThing has no such option; it has ${list}`,
    )
  })

  it('is named with its option where it is a field', () => {
    expect(refusal(() => table.read({ near: { maxByte: 5 } }))).toMatchObject({
      option: 'near.maxByte',
      message: "near.maxByte: near has no such option; did you mean 'maxBytes'? It has maxBytes, ttl",
    })
  })

  it.each(['__proto__', 'constructor', 'toString'])('may be %s', (name) => {
    expect(refusal(() => table.read(JSON.parse(`{ "${name}": {} }`))).option).toBe(name)
  })

  it('is not looked for in what an object inherits', () => {
    expect(table.read(Object.create({ colour: 'red' }, { ttl: { value: '1m', enumerable: true } })).ttlMs).toBe(60_000)
  })
})

describe('what is no object of options', () => {
  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [[], 'an array'],
    [new Map(), 'a Map'],
    [Promise.resolve({}), 'a Promise'],
    [() => {}, 'a function'],
  ])('is refused: %s', (options, shown) => {
    const error = refusal(() => table.read(options))
    expect(error).toMatchObject({ option: 'makeThing', message: expect.stringContaining(`got ${shown}`) })
  })

  it.each([
    [60, 'makeThing: expected an object of options, got a number; give it as { ttl: … }'],
    [true, 'makeThing: expected an object of options, got a boolean; give it as { etag: … }'],
    [{ start() {}, stop() {} }, 'makeThing: expected an object of options, got an object; give it as { engine: … }'],
  ])('but the value of one is told from it: %s', (options, message) => {
    expect(refusal(() => table.read(options)).message).toBe(message)
  })

  it('is not shown: it may be a URL with a password', () => {
    expect(refusal(() => table.read('redis://:hunter2@h')).message).not.toContain('hunter2')
  })

  it('in the place of fields is refused by the name of the option', () => {
    expect(refusal(() => table.read({ near: true })).message).toBe(
      'near: expected false or an object { maxBytes, ttl }, got true',
    )
  })
})

describe('a value of the wrong kind', () => {
  it.each<[unknown, string]>([
    [{ ttl: 'soon' }, "ttl: expected milliseconds or a string like '500ms', '30s', '5m', '1h', '7d', got 'soon'"],
    [{ ttl: null }, "ttl: expected milliseconds or a string like '500ms', '30s', '5m', '1h', '7d', got null"],
    [{ maxEntries: 0.5 }, 'maxEntries: expected a whole number of at least 1 or Infinity, got 0.5'],
    [{ maxEntries: '5' }, "maxEntries: expected a whole number of at least 1 or Infinity, got '5'"],
    [{ etag: 'yes' }, "etag: expected true or false, got 'yes'"],
    [{ mode: 'copy' }, "mode: expected 'clone' or 'shared', got 'copy'"],
    [{ tags: 'a' }, "tags: expected a list of tags, for example ['products'], got 'a'"],
    [{ tags: ['a', 5] }, "tags: expected a list of tags, for example ['products'], got one that holds 5"],
    [{ near: { ttl: -1 } }, 'near.ttl: must not be negative, got -1'],
    [{ engine: { start() {} } }, 'engine: expected an engine, got an object'],
  ])('is named with what was expected and what it is: %j', (options, message) => {
    expect(refusal(() => table.read(options)).message).toBe(message)
  })

  it.each([12_345, ['hunter2'], { password: 'hunter2' }, true])('is not shown where it is a secret: %j', (password) => {
    const { message } = refusal(() => table.read({ password }))
    expect(message).toMatch(/^password: expected a non-empty string, got an? (number|array|object|boolean)$/)
  })

  it.each(['hunter2', [12_345], [['hunter2']]])('is not shown in a list of secrets: %j', (secrets) => {
    const rows = { secrets: either(flag(), list(text({ secret: true }), 'secrets', "['…']")) }
    const { message } = refusal(() => new OptionTable('makeThing', rows).read({ secrets }))
    expect(message).not.toMatch(/hunter2|12345/)
  })
})

describe('kinds', () => {
  it('a count keeps to its limits, both ends in', () => {
    const limited = count({ min: 0, max: 9 })
    expect([limited.parse(0, 'n'), limited.parse(9, 'n')]).toEqual([0, 9])
    for (const wrong of [-1, 10, Number.NaN, '1', null, Number.POSITIVE_INFINITY]) {
      expect(() => limited.parse(wrong, 'n')).toThrow('n: expected a whole number from 0 to 9')
    }
    expect(() => count().parse(Number.POSITIVE_INFINITY, 'n')).toThrow(InvalidOptionError)
  })

  it('a text may be empty only where it is said, and looks like its example', () => {
    expect(text({ empty: true }).parse('', 'prefix')).toBe('')
    expect(() => text({ like: 'redis://h' }).parse('', 'url')).toThrow(
      "url: expected a string like 'redis://h', got ''",
    )
  })

  it('an amount is any number within its limits', () => {
    const share = amount({ min: 0, max: 1 })
    expect([share.parse(0, 'jitter'), share.parse(0.25, 'jitter'), share.parse(1, 'jitter')]).toEqual([0, 0.25, 1])
    for (const wrong of [-0.1, 1.1, Number.NaN, '0.5']) {
      expect(() => share.parse(wrong, 'jitter')).toThrow('jitter: expected a number from 0 to 1, got')
    }
  })

  it('a function is taken as it is', () => {
    const skip = callback<(key: string) => boolean>('a function such as (key) => false')
    const given = (): boolean => true
    expect(skip.parse(given, 'skip')).toBe(given)
    expect(() => skip.parse(true, 'skip')).toThrow('skip: expected a function such as (key) => false, got true')
  })

  it('settings for somebody else are handed on as they are', () => {
    const settings = { any: 'thing' }
    expect(record('settings of x').parse(settings, 'config')).toBe(settings)
    for (const wrong of [null, [], 'fast']) {
      expect(() => record('settings of x').parse(wrong, 'config')).toThrow('config: expected settings of x')
    }
  })
})

describe('for the compiler', () => {
  it('the parsed type follows from the rows', () => {
    expectTypeOf<Parsed<typeof ROWS>>().toEqualTypeOf<{
      readonly ttlMs: number
      readonly maxEntries: number | undefined
      readonly etag: boolean
      readonly mode: 'clone' | 'shared' | undefined
      readonly tags: readonly string[]
      readonly near: false | Parsed<typeof NEAR> | undefined
      readonly password: string | undefined
      readonly engine: Engine | undefined
    }>()
  })

  it('a row that is missing, too much, or takes less than the interface promises is an error', () => {
    // @ts-expect-error the row for ttl is missing
    const missing = { maxBytes: count() } satisfies RowsOf<Near>
    // @ts-expect-error no such option in the interface
    const superfluous = { maxBytes: count(), ttl: duration(), tll: duration() } satisfies RowsOf<Near>
    // @ts-expect-error a duration may be a text, which a count does not take
    const narrower = { maxBytes: count(), ttl: count() } satisfies RowsOf<Near>
    // @ts-expect-error not all modes
    const half = { mode: oneOf(['clone']) } satisfies RowsOf<Pick<Options, 'mode'>>
    expect([missing, superfluous, narrower, half]).toHaveLength(4)
  })

  it('so is an optional property that does not take undefined; a required one need not', () => {
    // @ts-expect-error size?: number refuses undefined under exactOptionalPropertyTypes
    const exact = { size: count() } satisfies RowsOf<{ readonly size?: number }>
    const required = { size: count().required('give a size') } satisfies RowsOf<{ readonly size: number }>
    expect([exact, required]).toHaveLength(2)
  })

  it('a layer below has at least what has a default', () => {
    // @ts-expect-error ttlMs is missing
    expect(table.inherit({}, { etag: true, tags: [] })).toBeDefined()
    expect(table.inherit({}, { ttlMs: 1, etag: true, tags: [] }).ttlMs).toBe(1)
  })
})
