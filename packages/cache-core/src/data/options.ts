import type { Clock } from '../base/clock.js'
import { clockOption } from '../base/clock-option.js'
import type { Duration } from '../base/duration.js'
import { InvalidOptionError } from '../base/errors.js'
import { holdOffOption, leaseOption } from '../base/lease-option.js'
import { amount, callback, count, duration, either, flag, instance, list, nested, oneOf } from '../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../base/option-table.js'
import { show } from '../base/show.js'
import { tagsOption } from '../base/tags.js'
import { type Codec, jsonCodec } from '../entry/codec.js'
import type { CompressionAlgorithm } from '../entry/transforms/compression.js'
import type { StandardSchema } from '../entry/validate.js'
import type { Life } from '../entry/value-frame.js'
import { CAPABILITY_NAMES, type CapabilityName } from '../store/capabilities.js'
import { isGuarded } from '../store/guard/guarded-store.js'
import { type StoreTimeout, storeTimeoutOption } from '../store/guard/options.js'
import type { Store } from '../store/store.js'
import { missingFrom, storeOption } from '../store/store-shape.js'
import type { Mutability } from './near-view.js'
import { codecOption, schemaVersionOption, validateOption } from './shape-options.js'
import { compressionOption, secretsOption } from './transform-options.js'

/** How entries live and loads are bounded. A namespace overrides its cache, a call its namespace. */
export interface EntryOptions {
  /** How long an entry is fresh. Default `'5m'`. `Infinity` must be written out; `0` stores nothing. */
  readonly ttl?: Duration | undefined
  /**
   * How long the holder of a lease is waited for after it crashed. A running load extends its lease, so this needs no
   * relation to the loader's time. Default `'5s'`.
   */
  readonly lease?: Duration | undefined
  /** How long a call, and a load, may take at most. Default `'30s'`. */
  readonly hardTimeout?: Duration | undefined
  /** How long a call waits for another process's load before its own process loads too. Default: half of `hardTimeout`. */
  readonly waitTimeout?: Duration | undefined
  /**
   * How long after its `ttl` a value is still served at once, while one process refreshes it behind the answer.
   * Default 0.
   */
  readonly staleWhileRevalidate?: Duration | undefined
  /** How long after its `ttl` a value is still served when its load fails, or is slower than `softTimeout`. Default 0. */
  readonly staleIfError?: Duration | undefined
  /**
   * How long a call waits for a load before it takes a value within `staleIfError`; the load goes on, and stores.
   * Shorter than `hardTimeout`. Default: none.
   */
  readonly softTimeout?: Duration | undefined
  /**
   * How long it is remembered that a loader had nothing: `null`, or `undefined`, which is not stored without it.
   * Default: `null` lives as any value.
   */
  readonly negativeTtl?: Duration | undefined
  /** What counts as nothing for `negativeTtl`. Default: `null` and `undefined`. */
  readonly isNegative?: ((value: unknown) => boolean) | undefined
  /**
   * The share of `ttl` by which it is shortened at random, 0 to 1, so that what was stored together does not end
   * together. Default 0.1. `add` keeps to the `ttl`.
   */
  readonly jitter?: number | undefined
  /**
   * Refreshes a value behind the answer before it is stale, by chance: the likelier the nearer its end, and the longer
   * its load took (XFetch). `true` is 1, as in the paper; more is earlier. Default `false`.
   */
  readonly eagerRefresh?: boolean | number | undefined
  /**
   * Names under which entries are invalidated together (`invalidateTags`): at most 64, each of 1 to 200 characters. An
   * entry keeps those that it was stored with; a loader may name more. Default: none.
   */
  readonly tags?: readonly string[] | undefined
  /** Turns values that are neither bytes nor strings into bytes. Default: `jsonCodec`. */
  readonly codec?: Codec | undefined
  /**
   * The version of the values' shape. What was stored under another one, or under none, is a miss: give it a new one when
   * a release changes what the values look like. Up to 64 bytes. Default: none.
   */
  readonly schemaVersion?: string | number | undefined
  /**
   * What values must look like: a function that says so, or a schema without asynchronous steps of any library that
   * keeps to Standard Schema 1 (Zod, Valibot, ArkType), whose output callers then get. What was stored and is not valid
   * is a miss; what a loader returns, or `set` is given, and would be none is refused with `InvalidValueError`.
   * Values are validated as a hit would return them, after the codec. Default: none.
   */
  readonly validate?: ((value: unknown) => boolean) | StandardSchema | undefined
  /** Whether reads look into the cache's near cache, and what they find is kept there. Default `true`, where there is one. */
  readonly near?: boolean | undefined
}

export interface CompressionOptions {
  /** `'zstd'` needs Node 22.15 or later, in every process that reads the store. Default `'gzip'`. */
  readonly algorithm?: CompressionAlgorithm | undefined
  /** What is smaller stays as it is; so does what would not become smaller. In bytes. Default 1024. */
  readonly minBytes?: number | undefined
}

/** A cache in the memory of this process, in front of the store. */
export interface NearOptions {
  /** Most bytes kept, keys and a fixed overhead counted; what was not asked for again goes first. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /** Most entries kept. Default 100,000. */
  readonly maxEntries?: number | undefined
  /**
   * How long an entry is served before the store is asked again, at most: so late a change by another process is seen
   * where no message tells of it. Default `'30s'`.
   */
  readonly ttl?: Duration | undefined
  /**
   * How callers are kept apart. `'freeze'`: plain objects and arrays are frozen, through and through, and shared; all
   * else is decoded for each caller. `'clone'`: everything is decoded for each caller. `'shared'`: all get the same
   * objects, and must not change them. Default `'freeze'`.
   */
  readonly mutability?: Mutability | undefined
}

export interface CacheOptions extends Omit<EntryOptions, 'near'> {
  /** Where entries live. Must declare `add` and `compareAndSet`. */
  readonly store: Store
  /** Capabilities the application cannot do without; a store that does not declare one is refused. Default: none. */
  readonly require?: readonly CapabilityName[] | undefined
  /** Deadline of each operation on the store. Default `{ read: '50ms', write: '200ms' }`. */
  readonly storeTimeout?: StoreTimeout | undefined
  /** How long the versions of namespaces and tags are held before they are read again: `clear` and `invalidateTags` elsewhere are seen so much later. Default `'1s'`; 0 is strict. */
  readonly tagHold?: Duration | undefined
  /**
   * How long the version of a namespace or tag that cannot be read is believed as it was last read, where it has only one
   * slot: entries are served on while the server of the version is away, and `clear` and `invalidateTags` of other
   * processes are seen so much later. Default 0: such entries are misses.
   */
  readonly markGrace?: Duration | undefined
  /**
   * How many loads run at once behind answers (`staleWhileRevalidate`, `eagerRefresh`), all namespaces together. The
   * others wait for their turn, 10,000 at most; beyond that the next call that meets the stale value asks again.
   * Default 32.
   */
  readonly maxRefreshes?: number | undefined
  /**
   * How many bytes of bodies the HTTP caches over this one hold at once while they are captured, all routes together;
   * beyond it responses pass uncached. Default 64 MiB.
   */
  readonly maxCaptureBytes?: number | undefined
  /**
   * How many bytes of stored bodies the HTTP caches over this one hold at once for clients that have not read them yet,
   * all routes together, one that several get counted once; beyond it handlers answer. Bodies of 64 KiB and less do not
   * count. Default 64 MiB.
   */
  readonly maxSendBytes?: number | undefined
  /** Makes what is stored smaller, from a size on. What was compressed before is read whatever stands here. Default: off. */
  readonly compression?: CompressionOptions | undefined
  /**
   * Seals values and responses, so that nobody who can read or write the store can read or make one: AES-256-GCM (XAES)
   * under keys derived from these, of 32 characters or more. The first seals, all open: to change it, put the new one in
   * front, and drop the old one when what was sealed with it has ended. Default: nothing is sealed.
   */
  readonly secrets?: readonly string[] | undefined
  /** Keeps values in the memory of this process, too; `true` is `{}`. Default: no near cache. */
  readonly near?: boolean | NearOptions | undefined
  /**
   * A store whose messages tell the near caches of all processes what has changed, and wake who waits for a load of
   * another process: for a cache on an engine without any, `redisStore(…)` beside Memcached. It is closed with the cache.
   * Default: the cache's own store, where it declares `bus` and there is a near cache.
   */
  readonly bus?: Store | undefined
  /** For tests. Default: the system's. */
  readonly clock?: Clock | undefined
}

/** The new life of an entry; it keeps its tags. */
export type TouchOptions = Pick<EntryOptions, 'ttl' | 'staleWhileRevalidate' | 'staleIfError' | 'jitter'>

/** How an entry lives that is written by hand. */
export type SetOptions = TouchOptions & Pick<EntryOptions, 'tags' | 'codec' | 'schemaVersion' | 'validate'>

export interface GetOrSetOptions extends EntryOptions {
  /** Loads whatever stands there, and stores it. Default `false`. */
  readonly forceFresh?: boolean | undefined
  /** Ends this call; the load goes on while another caller wants it. */
  readonly signal?: AbortSignal | undefined
}

export interface DeleteOptions {
  /**
   * How long nothing is stored under the key afterwards: for loaders that may still read what was there before, from a
   * replica that lags behind or beside a transaction that commits later. Meanwhile callers load at once, without waiting
   * for other processes. A later `delete`, `set` or `add` of the key ends it. At most an hour. Default 0.
   */
  readonly holdOff?: Duration | undefined
}

export interface IncrementOptions {
  /** How long the counter lives from its first increment on; later ones do not prolong it. Default: without end. */
  readonly ttl?: Duration | undefined
}

export interface WarmOptions extends EntryOptions {
  /** How many loaders run at once. Default 8. */
  readonly concurrency?: number | undefined
}

export interface CloseOptions {
  /** How long it may take to deliver invalidations that the store has not heard yet. Default 0. */
  readonly drain?: Duration | undefined
}

const ENTRY_OPTIONS = {
  ttl: duration({ infinite: true }).or('5m'),
  lease: leaseOption.or('5s'),
  hardTimeout: duration({ min: 1 }).or('30s'),
  waitTimeout: duration(),
  staleWhileRevalidate: duration({ infinite: true }).or(0),
  staleIfError: duration({ infinite: true }).or(0),
  softTimeout: duration(),
  negativeTtl: duration({ infinite: true }),
  isNegative: callback<(value: unknown) => boolean>('a function such as (value) => value === null').or(isNothing),
  jitter: amount({ min: 0, max: 1 }).or(0.1),
  eagerRefresh: either(flag(), amount({ min: 0, max: 100 }))
    .to(Number)
    .or(false),
  tags: tagsOption.or([]),
  codec: codecOption.or(jsonCodec),
  schemaVersion: schemaVersionOption,
  validate: validateOption,
  near: flag().or(true),
} satisfies RowsOf<EntryOptions>

const NEAR_OPTIONS = {
  maxBytes: count().or(67_108_864),
  maxEntries: count().or(100_000),
  ttl: duration({ min: 1, infinite: true }).or('30s'),
  mutability: oneOf(['freeze', 'clone', 'shared']).or('freeze'),
} satisfies RowsOf<NearOptions>

const NEAR = nested(NEAR_OPTIONS)

const CACHE_OPTIONS = {
  ...ENTRY_OPTIONS,
  store: storeOption.required('for example { store: memoryStore() }'),
  require: list(oneOf(CAPABILITY_NAMES), 'capability names', "['bus']").or([]),
  storeTimeout: storeTimeoutOption,
  tagHold: duration().or('1s'),
  markGrace: duration().or(0),
  maxRefreshes: count({ max: 10_000 }).or(32),
  maxCaptureBytes: count().or(67_108_864),
  maxSendBytes: count().or(67_108_864),
  compression: compressionOption,
  secrets: secretsOption,
  near: either(flag(), NEAR).or(false),
  bus: storeOption.to(talking),
  clock: clockOption,
} satisfies RowsOf<CacheOptions>

const CACHE = new OptionTable('createCache', CACHE_OPTIONS)
const NAMESPACE = new OptionTable('namespace', ENTRY_OPTIONS)
const GET_OR_SET = new OptionTable('getOrSet', {
  ...ENTRY_OPTIONS,
  forceFresh: flag().or(false),
  signal: instance('an AbortSignal', AbortSignal),
} satisfies RowsOf<GetOrSetOptions>)
const TOUCH_OPTIONS = {
  ttl: ENTRY_OPTIONS.ttl,
  staleWhileRevalidate: ENTRY_OPTIONS.staleWhileRevalidate,
  staleIfError: ENTRY_OPTIONS.staleIfError,
  jitter: ENTRY_OPTIONS.jitter,
} satisfies RowsOf<TouchOptions>
const SET_OPTIONS = {
  ...TOUCH_OPTIONS,
  tags: ENTRY_OPTIONS.tags,
  codec: ENTRY_OPTIONS.codec,
  schemaVersion: ENTRY_OPTIONS.schemaVersion,
  validate: ENTRY_OPTIONS.validate,
} satisfies RowsOf<SetOptions>
const TOUCH = new OptionTable('touch', TOUCH_OPTIONS)
const WRITES = {
  set: new OptionTable('set', SET_OPTIONS),
  add: new OptionTable('add', SET_OPTIONS),
}
const CONFIGURE = new OptionTable('configure', ENTRY_OPTIONS)
const INCREMENT = new OptionTable('increment', { ttl: duration({ min: 1 }) } satisfies RowsOf<IncrementOptions>)
const DELETE = new OptionTable('delete', { holdOff: holdOffOption.or(0) } satisfies RowsOf<DeleteOptions>)
const WARM = new OptionTable('warm', {
  ...ENTRY_OPTIONS,
  concurrency: count({ max: 1_000 }).or(8),
} satisfies RowsOf<WarmOptions>)
const CLOSE = new OptionTable('close', { drain: duration().or(0) } satisfies RowsOf<CloseOptions>)

/** How entries live and loads are bounded, after parsing. `waitTimeoutMs` is `undefined` where it follows `hardTimeout`. */
export type EntryTerms = Parsed<typeof ENTRY_OPTIONS>

const ENTRY_TERMS = Object.keys(NAMESPACE.read({})) as readonly (keyof EntryTerms)[]

/** How tags are invalidated. */
export interface InvalidateTagsOptions {
  /** Keeps what carries a tag as stale, to be served within its stale windows. Default `false`: it is void. */
  readonly soft?: boolean | undefined
}

const INVALIDATE_TAGS = new OptionTable('invalidateTags', {
  soft: flag().or(false),
} satisfies RowsOf<InvalidateTagsOptions>)

/** @throws InvalidOptionError naming the option. */
export function parseInvalidateTagsOptions(options: InvalidateTagsOptions): { readonly soft: boolean } {
  return INVALIDATE_TAGS.read(options)
}

/** `SetOptions` after parsing. */
export type WriteTerms = Parsed<typeof SET_OPTIONS>

/** `TouchOptions` after parsing. */
export type LifeTerms = Parsed<typeof TOUCH_OPTIONS>

/** The part of a write's options that says how long its entry lives. */
export function lifeOf({ ttlMs, staleWhileRevalidateMs, staleIfErrorMs, jitter }: LifeTerms): Life {
  return { ttlMs, staleWhileRevalidateMs, staleIfErrorMs, jitter }
}

/** What one call of `getOrSet` may add. */
export type GetOrSetTerms = EntryTerms & { readonly forceFresh?: boolean }

/** `NearOptions` after parsing. */
export type NearOptionTerms = Parsed<typeof NEAR_OPTIONS>

export type CacheTerms = Parsed<typeof CACHE_OPTIONS>

/** @throws InvalidOptionError naming the option. */
export function parseCacheOptions(options: CacheOptions): CacheTerms {
  const terms = CACHE.read(options)
  checkStore(terms, options)
  return checkTimeouts(terms)
}

/** Those of a cache's options that a namespace and a call may override. */
export function entryTerms(terms: CacheTerms): EntryTerms {
  const named = Object.fromEntries(ENTRY_TERMS.map((name) => [name, terms[name]]))
  return { ...named, near: true } as EntryTerms
}

/** `undefined`: the cache has none. */
export function nearTerms({ near }: CacheTerms): NearOptionTerms | undefined {
  if (typeof near === 'object') return near
  return near ? NEAR.parse({}, 'near') : undefined
}

/** What a namespace names, over its parent's. @throws InvalidOptionError naming the option. */
export function parseNamespaceOptions(options: EntryOptions, parent: EntryTerms): EntryTerms {
  return checkTimeouts(NAMESPACE.inherit(options, parent))
}

/** What a call names, over its cache's. @throws InvalidOptionError naming the option. */
export function parseGetOrSetOptions(options: GetOrSetOptions, parent: EntryTerms): GetOrSetTerms {
  return checkTimeouts(GET_OR_SET.inherit(options, { ...parent, forceFresh: false }))
}

/** @throws InvalidOptionError naming the option. */
export function parseSetOptions(where: keyof typeof WRITES, options: SetOptions, parent: EntryTerms): WriteTerms {
  return WRITES[where].inherit(options, parent)
}

/** @throws InvalidOptionError naming the option. */
export function parseTouchOptions(options: TouchOptions, parent: EntryTerms): LifeTerms {
  return TOUCH.inherit(options, parent)
}

/** Another view of the same keys. @throws InvalidOptionError naming the option. */
export function parseConfigureOptions(options: EntryOptions, parent: EntryTerms): EntryTerms {
  return checkTimeouts(CONFIGURE.inherit(options, parent))
}

/** The lifetime of a counter in milliseconds. @throws InvalidOptionError naming the option. */
export function parseIncrementOptions(options: IncrementOptions): number | undefined {
  return INCREMENT.read(options).ttlMs
}

/** How long nothing is stored afterwards, in milliseconds. @throws InvalidOptionError naming the option. */
export function parseDeleteOptions(options: DeleteOptions): number {
  return DELETE.read(options).holdOffMs
}

/** @throws InvalidOptionError naming the option. */
export function parseWarmOptions(options: WarmOptions, parent: EntryTerms): EntryTerms & { concurrency: number } {
  return checkTimeouts(WARM.inherit(options, { ...parent, concurrency: 8 }))
}

/** In milliseconds. @throws InvalidOptionError naming the option. */
export function parseCloseOptions(options: CloseOptions): number {
  return CLOSE.read(options).drainMs
}

function checkTimeouts<Terms extends Pick<EntryTerms, 'softTimeoutMs' | 'hardTimeoutMs'>>(terms: Terms): Terms {
  if (terms.softTimeoutMs !== undefined && terms.softTimeoutMs >= terms.hardTimeoutMs) {
    throw new InvalidOptionError('softTimeout', 'must be shorter than hardTimeout')
  }
  return terms
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

/** @throws InvalidOptionError naming the option. */
export function parseTtl(ttl: unknown): number {
  return ENTRY_OPTIONS.ttl.parse(ttl, 'ttl')
}

function talking(store: Store, option: string): Store {
  if (store.capabilities?.bus === true) return store
  throw new InvalidOptionError(option, `the ${store.name} store does not declare 'bus'`)
}

/** All that is wrong with a store in one error: one written by hand may lack several things. */
function checkStore({ store, require }: CacheTerms, { storeTimeout }: CacheOptions): void {
  const missing = missingFrom(store)
  const needed = new Set<CapabilityName>(['add', 'compareAndSet', ...require])
  const undeclared = [...needed].filter((name) => store.capabilities?.[name] === false)
  const problems: string[] = []
  if (missing.length > 0) problems.push(`lacks ${missing.join(', ')}`)
  if (undeclared.length > 0) {
    problems.push(`does not declare ${undeclared.map(show).join(', ')}, which this cache needs`)
  }
  if (problems.length > 0) {
    const which = typeof store.name === 'string' ? `the ${store.name} store` : show(store)
    throw new InvalidOptionError('store', `${which} ${problems.join(', and ')}`)
  }
  if (storeTimeout !== undefined && isGuarded(store)) {
    throw new InvalidOptionError(
      'storeTimeout',
      'the store is guarded already, with the timeouts that guardStore was given',
    )
  }
}
