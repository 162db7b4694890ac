import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../src/config.js'

const messageOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('no error')
}

describe('the configuration', () => {
  it('needs nothing', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      cacheUrl: 'memory:',
      cachePrefix: 'tiercel-demo',
      cacheTimeout: undefined,
      snapshot: undefined,
    })
  })

  it('takes an empty variable as one that is not set', () => {
    expect(readConfig({ PORT: '', HOST: ' ', CACHE_URL: '', CACHE_TIMEOUT: '', DATABASE_SNAPSHOT: '' })).toEqual(
      readConfig({}),
    )
  })

  it('takes what the environment says', () => {
    const config = readConfig({
      HOST: '::1',
      PORT: '0',
      CACHE_URL: 'redis://h:1',
      CACHE_PREFIX: 'mine',
      CACHE_TIMEOUT: '2s',
      DATABASE_SNAPSHOT: 'cities.tar',
    })
    expect(config).toEqual({
      host: '::1',
      port: 0,
      cacheUrl: 'redis://h:1',
      cachePrefix: 'mine',
      cacheTimeout: '2s',
      snapshot: 'cities.tar',
    })
  })

  it.each(['soon', '-1', '65536', '3000.5', '0x10', '1e3'])('refuses the port %s by name', (port) => {
    expect(messageOf({ PORT: port })).toBe(`PORT must be a whole number from 0 to 65535, got '${port}'.`)
  })

  it.each(['soon', '0ms', '-5s', '500'])('refuses the timeout %s by name', (timeout) => {
    expect(messageOf({ CACHE_TIMEOUT: timeout })).toBe(
      `CACHE_TIMEOUT must be a duration like '500ms' or '2s', got '${timeout}'.`,
    )
  })
})
