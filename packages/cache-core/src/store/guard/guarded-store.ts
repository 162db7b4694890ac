import { report } from '../../base/diagnostics.js'
import {
  AmbiguousWriteError,
  InvalidOptionError,
  StoreClosedError,
  StoreFullError,
  StoreTimeoutError,
  StoreUnavailableError,
  ValueTooLargeError,
} from '../../base/errors.js'
import { show } from '../../base/show.js'
import type { StoreCapabilities } from '../capabilities.js'
import type {
  CompareAndSetOptions,
  Listener,
  Store,
  StoreEntry,
  StoreWrite,
  SubscriptionEvents,
  Unsubscribe,
  Version,
  WriteOptions,
} from '../store.js'
import { Deadlines } from './deadlines.js'
import { knownError } from './known-error.js'
import { type EngineKey, engineKey, openOriginal, sealOriginal } from './long-keys.js'
import { type GuardOptions, parseGuardOptions } from './options.js'
import { parseTtl } from './ttl.js'

/** Whose answer is waited for decides how long: `'read'` where a caller waits before its load. */
export type DeadlineClass = 'read' | 'write'

/** A purge walks all keys of a prefix. */
const PURGE_TIMEOUT_MS = 60_000
/** How long an orderly end may take before pending operations are failed. */
const CLOSE_TIMEOUT_MS = 2_000

/**
 * Wraps any store, once, and gives what every store promises and no engine gives alone: a deadline for each
 * operation, keys of any length and charset, checked lifetimes and sizes, errors of known classes, an end after
 * `close`.
 *
 * @throws InvalidOptionError naming the option.
 */
export function guardStore(store: Store, options: GuardOptions = {}): GuardedStore {
  return store instanceof GuardedStore ? store : new GuardedStore(store, options)
}

export class GuardedStore implements Store {
  readonly name: string
  readonly #store: Store
  readonly #maxKeyBytes: number
  readonly #deadlines: Readonly<Record<DeadlineClass, Deadlines>>
  readonly #purgeDeadlines: Deadlines
  readonly #closeDeadlines: Deadlines
  #closing: Promise<void> | undefined

  constructor(store: Store, options: GuardOptions) {
    const { timeout, maxKeyBytes, clock } = parseGuardOptions(options)
    this.#store = store
    this.name = store.name
    this.#maxKeyBytes = maxKeyBytes
    this.#deadlines = { read: new Deadlines(timeout.readMs, clock), write: new Deadlines(timeout.writeMs, clock) }
    this.#purgeDeadlines = new Deadlines(PURGE_TIMEOUT_MS, clock)
    this.#closeDeadlines = new Deadlines(CLOSE_TIMEOUT_MS, clock)
  }

  get capabilities(): StoreCapabilities {
    return this.#store.capabilities
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    const engine = this.#key(key)
    const entry = await this.#read('get', () => this.#store.get(engine.text))
    return entry === undefined ? undefined : openEntry(engine, entry)
  }

  async getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    const engines = keys.map((key) => this.#key(key))
    if (engines.length === 0) return []
    const entries = await this.#read('getMany', () => this.#store.getMany(engines.map(({ text }) => text)))
    return engines.map((engine, index) => {
      const entry = entries[index]
      return entry === undefined ? undefined : openEntry(engine, entry)
    })
  }

  async set(key: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    const engine = this.#key(key)
    const ttl = parseTtl(options.ttl)
    const sealed = this.#seal(engine, bytes)
    await this.#orRemove(
      'set',
      () => {
        this.#checkSize('set', sealed)
        return this.#write('set', () => this.#store.set(engine.text, sealed, { ttl }))
      },
      () => this.#store.delete(engine.text),
    )
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    const sealed = writes.map(({ key, bytes, ttl }) => {
      const engine = this.#key(key)
      return { key: engine.text, bytes: this.#seal(engine, bytes), ttl: parseTtl(ttl) }
    })
    if (sealed.length === 0) return
    const fitting = sealed.filter(({ bytes }) => bytes.byteLength <= this.capabilities.maxValueBytes)
    const oversize = sealed.filter((write) => !fitting.includes(write))
    const keys = ({ key }: StoreWrite): string => key
    if (fitting.length > 0) {
      await this.#orRemove(
        'setMany',
        () => this.#write('setMany', () => this.#store.setMany(fitting)),
        () => this.#store.deleteMany(sealed.map(keys)),
      )
    }
    await this.#orRemove(
      'setMany',
      async () => {
        for (const { bytes } of oversize) this.#checkSize('setMany', bytes)
      },
      () => this.#store.deleteMany(oversize.map(keys)),
    )
  }

  /** @param deadline How long to wait for the answer. A claim that a caller waits for before its load uses `'read'`. */
  async add(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions = {},
    deadline: DeadlineClass = 'write',
  ): Promise<Version | undefined> {
    const engine = this.#key(key)
    const ttl = parseTtl(options.ttl)
    const sealed = this.#seal(engine, bytes)
    this.#checkSize('add', sealed)
    return this.#write('add', () => this.#store.add(engine.text, sealed, { ttl }), deadline)
  }

  /** @param deadline As for `add`. */
  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    options: CompareAndSetOptions = {},
    deadline: DeadlineClass = 'write',
  ): Promise<Version | undefined> {
    const engine = this.#key(key)
    const ttl = options.ttl === 'keep' ? 'keep' : parseTtl(options.ttl)
    const sealed = this.#seal(engine, bytes)
    return this.#orRemove(
      'compareAndSet',
      () => {
        this.#checkSize('compareAndSet', sealed)
        return this.#write(
          'compareAndSet',
          () => this.#store.compareAndSet(engine.text, version, sealed, { ttl }),
          deadline,
        )
      },
      () => this.#store.compareAndDelete(engine.text, version),
    )
  }

  async delete(key: string): Promise<boolean> {
    const engine = this.#key(key)
    return this.#write('delete', () => this.#store.delete(engine.text))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    const texts = keys.map((key) => this.#key(key).text)
    if (texts.length > 0) await this.#write('deleteMany', () => this.#store.deleteMany(texts))
  }

  /** @param deadline As for `add`. */
  async compareAndDelete(key: string, version: Version, deadline: DeadlineClass = 'write'): Promise<boolean> {
    const engine = this.#key(key)
    return this.#write('compareAndDelete', () => this.#store.compareAndDelete(engine.text, version), deadline)
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const engine = this.#key(key)
    const ttlMs = parseTtl(ttl)
    if (ttlMs === undefined) throw new InvalidOptionError('ttl', 'touch needs a lifetime')
    return this.#write('touch', () => this.#store.touch(engine.text, ttlMs))
  }

  async increment(key: string, by: number, options: WriteOptions = {}): Promise<number> {
    const engine = this.#key(key)
    if (!Number.isSafeInteger(by)) throw new InvalidOptionError('by', `expected a whole number, got ${show(by)}`)
    const ttl = parseTtl(options.ttl)
    return this.#write('increment', () => this.#store.increment(engine.text, by, { ttl }))
  }

  async ping(): Promise<void> {
    await this.#read('ping', () => this.#store.ping())
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    await this.#write('publish', () => this.#store.publish(channel, message))
  }

  async subscribe(channel: string, listener: Listener, events?: SubscriptionEvents): Promise<Unsubscribe> {
    let standing: Promise<Unsubscribe> | undefined
    try {
      return await this.#write('subscribe', () => {
        standing = this.#store.subscribe(channel, listener, events)
        return standing
      })
    } catch (error) {
      // One that stands too late for its caller could be ended by nobody else.
      standing?.then((unsubscribe) => unsubscribe()).catch(() => {})
      throw error
    }
  }

  async purge(): Promise<void> {
    await this.#run(
      'purge',
      () => this.#store.purge(),
      this.#purgeDeadlines,
      (cause) =>
        new AmbiguousWriteError(`${this.name}: purge did not end within ${PURGE_TIMEOUT_MS} ms`, {
          store: this.name,
          operation: 'purge',
          cause,
        }),
    )
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#closeDeadlines.bound(
        this.#store.close(),
        (cause) => (cause as Error | undefined) ?? this.#timeout('close', CLOSE_TIMEOUT_MS),
      )
    } catch (error) {
      report('store-error', () => ({ store: this.name, operation: 'close', error: error as Error }))
    } finally {
      const closed = (): Error => this.#closedError('a pending operation')
      for (const deadlines of [this.#deadlines.read, this.#deadlines.write, this.#purgeDeadlines]) {
        deadlines.failAll(closed)
      }
    }
  }

  #key(key: string): EngineKey {
    return engineKey(key, this.capabilities.maxKeyBytes, this.#maxKeyBytes)
  }

  #seal(engine: EngineKey, bytes: Uint8Array): Uint8Array {
    if (!(bytes instanceof Uint8Array))
      throw new InvalidOptionError('bytes', `expected a Uint8Array, got ${show(bytes)}`)
    return engine.original === undefined ? bytes : sealOriginal(engine.original, bytes)
  }

  #checkSize(operation: string, { byteLength }: Uint8Array): void {
    const { maxValueBytes } = this.capabilities
    if (byteLength > maxValueBytes) {
      throw new ValueTooLargeError(`${this.name}: a value of ${byteLength} bytes; at most ${maxValueBytes} fit`, {
        store: this.name,
        operation,
      })
    }
  }

  /**
   * A refused write must not leave the old value readable as if it were current (promise 6): what `remove` names is
   * removed. When even that fails, the write's outcome is open.
   */
  async #orRemove<T>(operation: string, write: () => Promise<T>, remove: () => Promise<unknown>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof ValueTooLargeError || error instanceof StoreFullError)) throw error
      try {
        await this.#write('delete', remove)
      } catch (cause) {
        throw new AmbiguousWriteError(
          `${this.name}: ${operation} was refused, and the old value could not be removed`,
          {
            store: this.name,
            operation,
            cause,
          },
        )
      }
      throw error
    }
  }

  #read<T>(operation: string, run: () => Promise<T>): Promise<T> {
    return this.#run(operation, run, this.#deadlines.read, (cause) =>
      cause === undefined
        ? this.#timeout(operation, this.#deadlines.read.ms)
        : new StoreUnavailableError(`${this.name}: ${operation} failed: ${messageOf(cause)}`, {
            store: this.name,
            operation,
            cause,
          }),
    )
  }

  #write<T>(operation: string, run: () => Promise<T>, deadline: DeadlineClass = 'write'): Promise<T> {
    const deadlines = this.#deadlines[deadline]
    return this.#run(operation, run, deadlines, (cause) => {
      const why = cause ?? this.#timeout(operation, deadlines.ms)
      return new AmbiguousWriteError(`${this.name}: ${operation} may or may not have happened: ${messageOf(why)}`, {
        store: this.name,
        operation,
        cause: why,
      })
    })
  }

  /**
   * `failure(undefined)` is the error of an expired deadline, `failure(cause)` that of an error of no known class.
   * One promise between the caller and the store, since every read passes through here.
   */
  #run<T>(
    operation: string,
    run: () => Promise<T>,
    deadlines: Deadlines,
    failure: (cause: unknown) => Error,
  ): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(this.#closedError(operation))
    return deadlines.bound(started(run), (cause) => {
      const error = knownError(cause, this.name, operation) ?? failure(cause)
      report('store-error', () => ({ store: this.name, operation, error }))
      return error
    })
  }

  #timeout(operation: string, ms: number): StoreTimeoutError {
    return new StoreTimeoutError(`${this.name}: ${operation} did not answer within ${ms} ms`, {
      store: this.name,
      operation,
    })
  }

  #closedError(operation: string): StoreClosedError {
    return new StoreClosedError(`${this.name}: the store is closed`, { store: this.name, operation })
  }
}

/** The operation, also of a store that throws where it should reject. */
function started<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run()
  } catch (error) {
    return Promise.reject(error)
  }
}

function openEntry({ original }: EngineKey, entry: StoreEntry): StoreEntry | undefined {
  if (original === undefined) return entry
  const bytes = openOriginal(original, entry.bytes)
  return bytes === undefined ? undefined : { bytes, version: entry.version }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
