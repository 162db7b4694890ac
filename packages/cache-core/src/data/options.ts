import { type Clock, systemClock } from '../base/clock.js'
import { type Duration, parseDuration } from '../base/duration.js'
import { InvalidOptionError } from '../base/errors.js'
import { leaseOption } from '../base/lease-option.js'
import { checkOptions, parseText } from '../base/options.js'
import { show } from '../base/show.js'
import { type Codec, jsonCodec } from '../entry/codec.js'
import { CAPABILITY_NAMES, type CapabilityName } from '../store/capabilities.js'
import { type StoreTimeout, storeTimeoutOption } from '../store/guard/options.js'
import type { Store } from '../store/store.js'

/** How entries live and loads are bounded. A namespace overrides its cache, a call its namespace. */
export interface EntryOptions {
  /** How long an entry is fresh. Default `'5m'`. `Infinity` must be written out; `0` stores nothing. */
  readonly ttl?: Duration
  /**
   * How long the holder of a lease is waited for after it crashed. A running load extends its lease, so this needs no
   * relation to the loader's time. Default `'5s'`.
   */
  readonly lease?: Duration
  /** How long a call, and a load, may take at most. Default `'30s'`. */
  readonly hardTimeout?: Duration
  /** How long a call waits for another process's load before its own process loads too. Default: half of `hardTimeout`. */
  readonly waitTimeout?: Duration
}

export interface CacheOptions extends EntryOptions {
  /** Where entries live. Must declare `add` and `compareAndSet`. */
  readonly store: Store
  /** Capabilities the application cannot do without; a store that does not declare one is refused. Default: none. */
  readonly require?: readonly CapabilityName[]
  /** Deadline of each operation on the store. Default `{ read: '50ms', write: '200ms' }`. */
  readonly storeTimeout?: StoreTimeout
  /** How long the version of a namespace is held before it is read again: `clear` elsewhere is seen so much later. Default `'1s'`; 0 is strict. */
  readonly tagHold?: Duration
  /** Turns values that are neither bytes nor strings into bytes. Default: JSON. */
  readonly codec?: Codec
  /** For tests. Default: the system's. */
  readonly clock?: Clock
}

export interface SetOptions {
  /** As `EntryOptions.ttl`. */
  readonly ttl?: Duration
}

export interface GetOrSetOptions extends EntryOptions {
  /** Ends this call; the load goes on while another caller wants it. */
  readonly signal?: AbortSignal
}

/** `EntryOptions` parsed. */
export interface EntryTerms {
  readonly ttlMs: number
  readonly leaseMs: number
  readonly hardTimeoutMs: number
  readonly waitTimeoutMs: number
  /** Whether `waitTimeout` was named, or follows `hardTimeout`. */
  readonly waitTimeoutNamed: boolean
}

const ENTRY_OPTIONS = ['ttl', 'lease', 'hardTimeout', 'waitTimeout']
const CACHE_OPTIONS = [...ENTRY_OPTIONS, 'store', 'require', 'storeTimeout', 'tagHold', 'codec', 'clock']

const DEFAULT_TERMS: EntryTerms = {
  ttlMs: 300_000,
  leaseMs: 5_000,
  hardTimeoutMs: 30_000,
  waitTimeoutMs: 15_000,
  waitTimeoutNamed: false,
}

export interface CacheTerms {
  readonly store: Store
  readonly storeTimeout: StoreTimeout
  readonly tagHoldMs: number
  readonly codec: Codec
  readonly clock: Clock
  readonly entry: EntryTerms
}

/** @throws InvalidOptionError naming the option. */
export function parseCacheOptions(options: CacheOptions): CacheTerms {
  if (isStore(options)) {
    throw new InvalidOptionError('createCache', 'expected an object of options, got a store; give it as { store: … }')
  }
  checkOptions('createCache', options, CACHE_OPTIONS)
  const { store, require = [], storeTimeout = {}, tagHold = 1_000, codec = jsonCodec, clock = systemClock } = options
  checkStore(store, require)
  storeTimeoutOption.parse(storeTimeout, 'storeTimeout')
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw new InvalidOptionError('codec', 'expected an object with encode and decode')
  }
  if (typeof clock?.now !== 'function' || typeof clock.after !== 'function' || typeof clock.monotonic !== 'function') {
    throw new InvalidOptionError('clock', 'expected an object with now, monotonic and after')
  }
  return {
    store,
    storeTimeout,
    tagHoldMs: parseDuration('tagHold', tagHold),
    codec,
    clock,
    entry: parseEntryOptions(options, DEFAULT_TERMS),
  }
}

/** The terms of a namespace or a call: what it names, over its parent's. @throws InvalidOptionError naming the option. */
function parseEntryOptions(options: EntryOptions, parent: EntryTerms): EntryTerms {
  const { ttl, lease, hardTimeout, waitTimeout } = options
  const hardTimeoutMs =
    hardTimeout === undefined ? parent.hardTimeoutMs : parseDuration('hardTimeout', hardTimeout, { min: 1 })
  const leaseMs = lease === undefined ? parent.leaseMs : leaseOption.parse(lease, 'lease')
  const waitTimeoutNamed = waitTimeout !== undefined || parent.waitTimeoutNamed
  let waitTimeoutMs = waitTimeoutNamed ? parent.waitTimeoutMs : hardTimeoutMs / 2
  if (waitTimeout !== undefined) waitTimeoutMs = parseDuration('waitTimeout', waitTimeout)
  return {
    ttlMs: ttl === undefined ? parent.ttlMs : parseTtl(ttl),
    leaseMs,
    hardTimeoutMs,
    waitTimeoutMs,
    waitTimeoutNamed,
  }
}

/** @throws InvalidOptionError naming the option. */
export function parseNamespaceOptions(options: EntryOptions, parent: EntryTerms): EntryTerms {
  checkOptions('namespace', options, ENTRY_OPTIONS)
  return parseEntryOptions(options, parent)
}

/** @throws InvalidOptionError naming the option. */
export function parseGetOrSetOptions(options: GetOrSetOptions, parent: EntryTerms): EntryTerms {
  checkOptions('getOrSet', options, [...ENTRY_OPTIONS, 'signal'])
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', `expected an AbortSignal, got ${show(options.signal)}`)
  }
  return parseEntryOptions(options, parent)
}

/** Milliseconds for a write. @throws InvalidOptionError naming the option. */
export function parseSetOptions(where: string, options: SetOptions, parent: EntryTerms): number {
  checkOptions(where, options, ['ttl'])
  return options.ttl === undefined ? parent.ttlMs : parseTtl(options.ttl)
}

/** @throws InvalidOptionError naming the option. */
export function parseTtl(ttl: unknown): number {
  return parseDuration('ttl', ttl, { infinite: true })
}

/** @throws InvalidOptionError naming the option. */
export function parseNamespace(name: unknown): string {
  const text = parseText('namespace', name)
  if (!text.isWellFormed() || text.length > 200) {
    throw new InvalidOptionError('namespace', 'expected well-formed Unicode of at most 200 characters')
  }
  return text
}

function checkStore(store: Store, required: unknown): void {
  if (!isStore(store)) {
    throw new InvalidOptionError('store', `expected a store, for example memoryStore(), got ${show(store)}`)
  }
  if (!Array.isArray(required)) throw new InvalidOptionError('require', 'expected an array of capability names')
  for (const name of required as readonly CapabilityName[]) {
    if (!CAPABILITY_NAMES.includes(name)) {
      throw new InvalidOptionError(
        'require',
        `no such capability: ${show(name)}; there are ${CAPABILITY_NAMES.join(', ')}`,
      )
    }
  }
  const needed: readonly CapabilityName[] = ['add', 'compareAndSet', ...required]
  for (const name of needed) {
    if (!store.capabilities[name]) {
      throw new InvalidOptionError(
        'store',
        `the ${store.name} store does not declare '${name}', which this cache needs`,
      )
    }
  }
}

function isStore(value: unknown): value is Store {
  const { get, capabilities } = (value ?? {}) as Partial<Store>
  return typeof get === 'function' && typeof capabilities === 'object' && capabilities !== null
}
