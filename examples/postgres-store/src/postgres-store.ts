import type {
  CompareAndSetOptions,
  Store,
  StoreCapabilities,
  StoreEntry,
  StoreWrite,
  Version,
  WriteOptions,
} from '@tiercel/cache-core/store'
import {
  allOrFirstError,
  callback,
  either,
  messageOf,
  OptionTable,
  prefixOption,
  type RowsOf,
  StoreErrors,
  shape,
} from '@tiercel/cache-core/store-kit'
import { MAX_KEY_BYTES, SCHEMA } from './schema.js'

const STORE_NAME = 'postgres'
const errors = new StoreErrors(STORE_NAME)

type Row = Readonly<Record<string, unknown>>

/** What every client of PostgreSQL has: `pg`'s Pool, PGlite, Neon, postgres.js through `unsafe`. */
export interface QueryClient {
  query(text: string, params?: unknown[]): Promise<{ rows: Row[] }>
  /** Ends its connections. Called only on a client that the store has made. */
  end?(): Promise<unknown>
}

export interface PostgresStoreOptions {
  /** A client of yours, which is never ended; or a function that makes one, called by the first operation. */
  readonly client: QueryClient | QueryClientFactory
  /** Stands before every key. Default `'tiercel'`. */
  readonly prefix?: string | undefined
}

type QueryClientFactory = () => QueryClient | Promise<QueryClient>

const OPTIONS = {
  client: either(
    shape<QueryClient>('an object with query(text, params)', ['query']),
    callback<QueryClientFactory>('a function that makes one'),
  ).required('give { client: new Pool() }'),
  prefix: prefixOption,
} satisfies RowsOf<PostgresStoreOptions>

const TABLE = new OptionTable('postgresStore', OPTIONS)

/** Whether the row's life has not ended, by the server's clock. */
const ALIVE = '(expires_at IS NULL OR expires_at > now())'
/** When a life of $3 milliseconds ends; NULL is no end. */
const END = "now() + $3::float8 * interval '1 millisecond'"
const UPSERT = `INSERT INTO tiercel_entry AS present (key, value, expires_at) VALUES ($1, $2, ${END})
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`

const GET = `SELECT value, version::text AS version FROM tiercel_entry WHERE key = $1 AND ${ALIVE}`
const GET_MANY = `SELECT encode(key, 'hex') AS key, value, version::text AS version FROM tiercel_entry
  WHERE key IN (SELECT decode(hex, 'hex') FROM unnest($1::text[]) AS hex) AND ${ALIVE}`
/** A row whose life has ended is free; any other leaves no row returned. */
const ADD = `${UPSERT} WHERE present.expires_at <= now() RETURNING version::text AS version`
/** A concurrent update of the row is waited for, and then compared again: so only one of many wins. */
const COMPARE_AND_SET = `UPDATE tiercel_entry SET value = $2, version = nextval('tiercel_version'), expires_at = ${END}
  WHERE key = $1 AND version = $4::bigint AND ${ALIVE} RETURNING version::text AS version`
const COMPARE_AND_SET_KEEP = `UPDATE tiercel_entry SET value = $2, version = nextval('tiercel_version')
  WHERE key = $1 AND version = $3::bigint AND ${ALIVE} RETURNING version::text AS version`
const DELETE = `DELETE FROM tiercel_entry WHERE key = $1 RETURNING ${ALIVE} AS alive`
const DELETE_MANY = `DELETE FROM tiercel_entry
  WHERE key IN (SELECT decode(hex, 'hex') FROM unnest($1::text[]) AS hex)`
const COMPARE_AND_DELETE = `DELETE FROM tiercel_entry WHERE key = $1 AND version = $2::bigint RETURNING ${ALIVE} AS alive`
const TOUCH = `UPDATE tiercel_entry SET expires_at = now() + $2::float8 * interval '1 millisecond'
  WHERE key = $1 AND ${ALIVE} RETURNING true AS alive`
const COUNTED = 'excluded.value + CASE WHEN present.expires_at <= now() THEN 0 ELSE present.value END'
/** No row, and nothing counted, where a number could not tell the new value exactly. */
const INCREMENT = `INSERT INTO tiercel_counter AS present (key, value, expires_at) VALUES ($1, $2, ${END})
  ON CONFLICT (key) DO UPDATE SET
    value = ${COUNTED},
    expires_at = CASE WHEN present.expires_at <= now() THEN excluded.expires_at ELSE present.expires_at END
  WHERE ${COUNTED} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}
  RETURNING value::text AS value`
/** Keys with a prefix are a range of the index. */
const PURGE = ['tiercel_entry', 'tiercel_counter'].map((table) => `DELETE FROM ${table} WHERE key >= $1 AND key < $2`)
const SWEEP = ['tiercel_entry', 'tiercel_counter'].map((table) => `DELETE FROM ${table} WHERE expires_at <= now()`)

/** After so many writes rows whose life has ended are removed: PostgreSQL does not do that by itself. */
const SWEEP_EVERY = 10_000

/** A store on PostgreSQL 13 or later. */
class PostgresStore implements Store {
  readonly name = STORE_NAME
  readonly capabilities: StoreCapabilities = {
    add: true,
    compareAndSet: true,
    touch: true,
    increment: true,
    // LISTEN needs a connection of its own, which a client of this kind does not show.
    bus: false,
    purge: true,
    shared: true,
    // A row is dead to the microsecond.
    ttlResolutionMs: 1,
    maxKeyBytes: MAX_KEY_BYTES,
    // A bytea takes 1 GB, but a table of such rows is no cache: PostgreSQL moves every version of them.
    maxValueBytes: 1_048_576,
  }
  readonly #prefix: string
  readonly #given: PostgresStoreOptions['client']
  #made: QueryClient | undefined
  #ready: Promise<QueryClient> | undefined
  #writes = 0
  #closed = false

  constructor(options: PostgresStoreOptions) {
    const { client, prefix } = TABLE.read(options)
    this.#given = client
    this.#prefix = prefix
  }

  async get(key: string): Promise<StoreEntry | undefined> {
    const [row] = await this.#query('get', GET, [this.#key(key)])
    return row && toEntry(row)
  }

  async set(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<void> {
    await this.#query('set', UPSERT, [this.#key(key), bytes, ttl ?? null])
    this.#sweep()
  }

  async add(key: string, bytes: Uint8Array, { ttl }: WriteOptions = {}): Promise<Version | undefined> {
    const [row] = await this.#query('add', ADD, [this.#key(key), bytes, ttl ?? null])
    return row?.version as Version | undefined
  }

  async compareAndSet(
    key: string,
    version: Version,
    bytes: Uint8Array,
    { ttl }: CompareAndSetOptions = {},
  ): Promise<Version | undefined> {
    const [row] =
      ttl === 'keep'
        ? await this.#query('compareAndSet', COMPARE_AND_SET_KEEP, [this.#key(key), bytes, sent(version)])
        : await this.#query('compareAndSet', COMPARE_AND_SET, [this.#key(key), bytes, ttl ?? null, sent(version)])
    return row?.version as Version | undefined
  }

  async delete(key: string): Promise<boolean> {
    const [row] = await this.#query('delete', DELETE, [this.#key(key)])
    return row?.alive === true
  }

  async compareAndDelete(key: string, version: Version): Promise<boolean> {
    const [row] = await this.#query('compareAndDelete', COMPARE_AND_DELETE, [this.#key(key), sent(version)])
    return row?.alive === true
  }

  async touch(key: string, ttl: number): Promise<boolean> {
    const [row] = await this.#query('touch', TOUCH, [this.#key(key), ttl])
    return row !== undefined
  }

  async getMany(keys: readonly string[]): Promise<(StoreEntry | undefined)[]> {
    const names = keys.map((key) => this.#key(key).toString('hex'))
    const rows = await this.#query('getMany', GET_MANY, [names])
    const entries = new Map(rows.map((row) => [row.key, toEntry(row)]))
    return names.map((name) => entries.get(name))
  }

  async setMany(writes: readonly StoreWrite[]): Promise<void> {
    await allOrFirstError(writes.map(({ key, bytes, ttl }) => this.set(key, bytes, { ttl })))
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.#query('deleteMany', DELETE_MANY, [keys.map((key) => this.#key(key).toString('hex'))])
  }

  async increment(key: string, by: number, { ttl }: WriteOptions = {}): Promise<number> {
    const [row] = await this.#query('increment', INCREMENT, [this.#key(key), by, ttl ?? null])
    if (row === undefined) throw errors.beyondCounter()
    return Number(row.value)
  }

  async ping(): Promise<void> {
    await this.#query('ping', 'SELECT 1', [])
  }

  async publish(): Promise<void> {
    throw errors.unsupported('publish', 'the store has no bus')
  }

  async subscribe(): Promise<never> {
    throw errors.unsupported('subscribe', 'the store has no bus')
  }

  async purge(): Promise<void> {
    const first = Buffer.from(this.#prefix)
    // The prefix ends with ':', and ';' is the next byte: all keys of the prefix lie between the two.
    const last = Buffer.from(`${this.#prefix.slice(0, -1)};`)
    for (const text of PURGE) await this.#query('purge', text, [first, last])
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#made?.end?.()
  }

  #key(key: string): Buffer {
    return Buffer.from(this.#prefix + key)
  }

  async #query(operation: string, text: string, params: unknown[]): Promise<Row[]> {
    if (this.#closed) throw errors.closed(operation)
    // Once for all that ask at the same time; after a failure the next operation tries again.
    this.#ready ??= this.#prepare()
    const client = await this.#ready.catch((cause) => {
      this.#ready = undefined
      throw errors.notConnected(messageOf(cause), cause, operation)
    })
    // What fails from here on the guard maps: a read was in vain, a write may have happened.
    return (await client.query(text, params)).rows
  }

  async #prepare(): Promise<QueryClient> {
    const client = typeof this.#given === 'function' ? await this.#given() : this.#given
    if (client !== this.#given) this.#made = client
    for (const text of SCHEMA) await client.query(text)
    return client
  }

  #sweep(): void {
    if (++this.#writes % SWEEP_EVERY !== 0) return
    // In the background, and without a word: the next round does what this one could not.
    for (const text of SWEEP) this.#query('sweep', text, []).catch(() => undefined)
  }
}

/** The sequence of versions begins at 1, so that 0 stands for those of other stores: it matches nothing. */
function sent(version: Version): string {
  return typeof version === 'string' && /^\d{1,18}$/.test(version) ? version : '0'
}

function toEntry({ value, version }: Row): StoreEntry {
  return { bytes: value as Uint8Array, version: version as Version }
}

/** @throws InvalidOptionError naming the option. */
export function postgresStore(options: PostgresStoreOptions): Store {
  return new PostgresStore(options)
}
