import type { Duration } from '../base/duration.js'
import { encodeValue } from '../entry/codec.js'
import type { Load } from '../protocol/call.js'
import type { Shared } from '../protocol/shared.js'
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

/** The loader as the protocol runs it: what it returns goes through the codec, so that a miss answers what a hit would. */
export function loadOf<T>(
  loader: Loader<T>,
  ttlMs: number,
  { codec, context }: Pick<Shared, 'codec' | 'context'>,
): Load {
  return async ({ signal }) => {
    let ttl = ttlMs
    const terms: LoaderContext = {
      signal,
      setTtl: (value) => {
        ttl = parseTtl(value)
      },
      skip: () => {
        ttl = 0
      },
    }
    const value = await context.runInAsyncScope(loader, undefined, terms)
    return { encoded: value === undefined ? undefined : encodeValue(codec, value), ttlMs: ttl }
  }
}
