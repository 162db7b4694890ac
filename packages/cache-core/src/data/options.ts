import type { Clock } from '../base/clock.js'
import { clockOption } from '../base/clock-option.js'
import type { Duration } from '../base/duration.js'
import { InvalidOptionError } from '../base/errors.js'
import { leaseOption } from '../base/lease-option.js'
import { duration, instance, list, oneOf, shape, text } from '../base/option-kinds.js'
import { OptionTable, type Parsed, type RowsOf } from '../base/option-table.js'
import { show } from '../base/show.js'
import { type Codec, jsonCodec } from '../entry/codec.js'
import { MAX_CODEC_NAME_BYTES } from '../entry/frame.js'
import { CAPABILITY_NAMES, type CapabilityName } from '../store/capabilities.js'
import { isGuarded } from '../store/guard/guarded-store.js'
import { type StoreTimeout, storeTimeoutOption } from '../store/guard/options.js'
import type { Store } from '../store/store.js'
import { missingFrom, storeOption } from '../store/store-shape.js'

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
}

export interface CacheOptions extends EntryOptions {
  /** Where entries live. Must declare `add` and `compareAndSet`. */
  readonly store: Store
  /** Capabilities the application cannot do without; a store that does not declare one is refused. Default: none. */
  readonly require?: readonly CapabilityName[] | undefined
  /** Deadline of each operation on the store. Default `{ read: '50ms', write: '200ms' }`. */
  readonly storeTimeout?: StoreTimeout | undefined
  /** How long the version of a namespace is held before it is read again: `clear` elsewhere is seen so much later. Default `'1s'`; 0 is strict. */
  readonly tagHold?: Duration | undefined
  /** Turns values that are neither bytes nor strings into bytes. Default: JSON. */
  readonly codec?: Codec | undefined
  /** For tests. Default: the system's. */
  readonly clock?: Clock | undefined
}

export interface SetOptions {
  /** As `EntryOptions.ttl`. */
  readonly ttl?: Duration | undefined
}

export interface GetOrSetOptions extends EntryOptions {
  /** Ends this call; the load goes on while another caller wants it. */
  readonly signal?: AbortSignal | undefined
}

const ENTRY_OPTIONS = {
  ttl: duration({ infinite: true }).or('5m'),
  lease: leaseOption.or('5s'),
  hardTimeout: duration({ min: 1 }).or('30s'),
  waitTimeout: duration(),
} satisfies RowsOf<EntryOptions>

const CACHE_OPTIONS = {
  ...ENTRY_OPTIONS,
  store: storeOption.required('for example { store: memoryStore() }'),
  require: list(oneOf(CAPABILITY_NAMES), 'capability names', "['bus']").or([]),
  storeTimeout: storeTimeoutOption,
  tagHold: duration().or('1s'),
  codec: shape<Codec>('a codec, with name, encode and decode', ['encode', 'decode']).to(namedCodec).or(jsonCodec),
  clock: clockOption,
} satisfies RowsOf<CacheOptions>

const CACHE = new OptionTable('createCache', CACHE_OPTIONS)
const NAMESPACE = new OptionTable('namespace', ENTRY_OPTIONS)
const GET_OR_SET = new OptionTable('getOrSet', {
  ...ENTRY_OPTIONS,
  signal: instance('an AbortSignal', AbortSignal),
} satisfies RowsOf<GetOrSetOptions>)
const WRITE_OPTIONS = { ttl: ENTRY_OPTIONS.ttl } satisfies RowsOf<SetOptions>
const WRITES = { set: new OptionTable('set', WRITE_OPTIONS), add: new OptionTable('add', WRITE_OPTIONS) }

/** How entries live and loads are bounded, after parsing. `waitTimeoutMs` is `undefined` where it follows `hardTimeout`. */
export type EntryTerms = Parsed<typeof ENTRY_OPTIONS>

export type CacheTerms = Parsed<typeof CACHE_OPTIONS>

/** @throws InvalidOptionError naming the option. */
export function parseCacheOptions(options: CacheOptions): CacheTerms {
  const terms = CACHE.read(options)
  checkStore(terms, options)
  return terms
}

/** What a namespace names, over its parent's. @throws InvalidOptionError naming the option. */
export function parseNamespaceOptions(options: EntryOptions, parent: EntryTerms): EntryTerms {
  return NAMESPACE.inherit(options, parent)
}

/** What a call names, over its cache's. @throws InvalidOptionError naming the option. */
export function parseGetOrSetOptions(options: GetOrSetOptions, parent: EntryTerms): EntryTerms {
  return GET_OR_SET.inherit(options, parent)
}

/** Milliseconds for a write. @throws InvalidOptionError naming the option. */
export function parseSetOptions(where: 'set' | 'add', options: SetOptions, parent: EntryTerms): number {
  return WRITES[where].inherit(options, parent).ttlMs
}

/** @throws InvalidOptionError naming the option. */
export function parseTtl(ttl: unknown): number {
  return ENTRY_OPTIONS.ttl.parse(ttl, 'ttl')
}

const NAME = text().to((name, option) => {
  if (name.isWellFormed() && name.length <= 200) return name
  throw new InvalidOptionError(option, 'expected well-formed Unicode of at most 200 characters')
})

/** @throws InvalidOptionError naming `namespace`. */
export function parseNamespace(name: unknown): string {
  return NAME.parse(name, 'namespace')
}

/** The name of a codec stands on every entry. */
function namedCodec(codec: Codec, option: string): Codec {
  const bytes = typeof codec.name === 'string' ? Buffer.byteLength(codec.name) : 0
  if (bytes > 0 && bytes <= MAX_CODEC_NAME_BYTES) return codec
  throw new InvalidOptionError(
    `${option}.name`,
    `expected a string of 1 to ${MAX_CODEC_NAME_BYTES} bytes, got ${show(codec.name)}`,
  )
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
