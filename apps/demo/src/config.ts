import type { Duration } from '@tiercel/cache-core'

export interface Config {
  readonly host: string
  /** 0 lets the system choose one. */
  readonly port: number
  readonly cacheUrl: string
  /** The prefix of the demo's keys, for a server that others use as well. */
  readonly cachePrefix: string
  /** How long the cache waits for its store; `undefined` for the library's defaults. */
  readonly cacheTimeout: Duration | undefined
  /** A file that holds the loaded database; `undefined` to load the cities at each start. */
  readonly snapshot: string | undefined
}

/** An error that the person who starts the demo can fix. The message is one sentence and names the variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws ConfigError naming the variable. */
export function readConfig(environment: Environment): Config {
  // An empty variable, as in `PORT= npm run demo`, counts as unset.
  const text = (name: string, fallback: string): string => environment[name]?.trim() || fallback
  return {
    host: text('HOST', '127.0.0.1'),
    port: parsePort(text('PORT', '3000')),
    cacheUrl: text('CACHE_URL', 'memory:'),
    cachePrefix: text('CACHE_PREFIX', 'tiercel-demo'),
    cacheTimeout: parseTimeout(text('CACHE_TIMEOUT', '')),
    snapshot: text('DATABASE_SNAPSHOT', '') || undefined,
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new ConfigError(`PORT must be a whole number from 0 to 65535, got '${text}'.`)
  }
  return port
}

function parseTimeout(text: string): Duration | undefined {
  if (text === '') return undefined
  if (!/^[1-9]\d*(ms|s|m)$/.test(text)) {
    throw new ConfigError(`CACHE_TIMEOUT must be a duration like '500ms' or '2s', got '${text}'.`)
  }
  return text as Duration
}
