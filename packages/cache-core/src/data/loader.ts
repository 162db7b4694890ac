import { AsyncResource } from 'node:async_hooks'
import type { Duration } from '../base/duration.js'
import { type Codec, encodeValue } from '../entry/codec.js'
import type { Loading } from '../protocol/call.js'
import { parseTtl } from './options.js'

/** What a loader is given. */
export interface LoaderContext {
  /** Aborted when `hardTimeout` is over, or when the last caller has gone. Pass it on to `fetch` or the database. */
  readonly signal: AbortSignal
  /**
   * The lifetime of this value, instead of the `ttl` of the call. `0` stores nothing.
   * @throws InvalidOptionError naming `ttl`.
   */
  setTtl(ttl: Duration): void
  /** The value is answered and not stored. */
  skip(): void
}

/**
 * Loads a value. Runs outside the async context of its first caller, whose request may be over before the load is: the
 * key must hold all that the loader reads.
 */
export type Loader<T> = (context: LoaderContext) => T | Promise<T>

/** Where loaders run: in the async context in which this module was loaded, so in no request's. */
const OUTSIDE = new AsyncResource('TiercelLoad')

/** The loader as the protocol runs it: what it returns goes through the codec, so that a miss answers what a hit would. */
export function loadingOf<T>(loader: Loader<T>, ttlMs: number, codec: Codec): Loading {
  return async ({ signal }) => {
    let ttl = ttlMs
    const context: LoaderContext = {
      signal,
      setTtl: (value) => {
        ttl = parseTtl(value)
      },
      skip: () => {
        ttl = 0
      },
    }
    const value = await OUTSIDE.runInAsyncScope(loader, undefined, context)
    return { encoded: value === undefined ? undefined : encodeValue(codec, value), ttlMs: ttl }
  }
}
