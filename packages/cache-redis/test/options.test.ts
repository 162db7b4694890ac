import { InvalidOptionError } from '@tiercel/cache-core/store'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { RedisStoreOptions } from '../src/index.js'
import { redisStore } from '../src/index.js'
import { parseOptions } from '../src/options.js'

function configOf(options: RedisStoreOptions): Readonly<Record<string, unknown>> {
  const { source } = parseOptions(options)
  if (!('config' in source)) throw new Error('no client of its own')
  return { ...source.config }
}

describe('a url', () => {
  it('names host, port, database, user and password', () => {
    expect(configOf({ url: 'redis://app:p%40ss@db.example:6380/3' })).toMatchObject({
      host: 'db.example',
      port: 6380,
      db: 3,
      username: 'app',
      password: 'p@ss',
    })
  })

  it('means port 6379, database 0 and no credentials where it names none', () => {
    const config = configOf({ url: 'redis://db.example' })
    expect(config).toMatchObject({ host: 'db.example', port: 6379, db: 0 })
    expect(config).not.toHaveProperty('username')
    expect(config).not.toHaveProperty('password')
    expect(config).not.toHaveProperty('tls')
  })

  it('may have a password without a user', () => {
    const config = configOf({ url: 'redis://:secret@db.example' })
    expect(config).toMatchObject({ password: 'secret' })
    expect(config).not.toHaveProperty('username')
  })

  it('with rediss: means TLS, whose settings config may give', () => {
    expect(configOf({ url: 'rediss://db.example' })).toMatchObject({ tls: {} })
    const tls = { ca: 'certificate' }
    expect(configOf({ url: 'rediss://db.example', config: { tls } })).toMatchObject({ tls })
  })

  it('has options in its query', () => {
    expect(configOf({ url: 'redis://[::1]?family=6&connectionName=shop&connectTimeout=500' })).toMatchObject({
      host: '::1',
      family: 6,
      connectionName: 'shop',
      connectTimeout: 500,
    })
  })
})

describe('family in the url', () => {
  it.each([
    ['0', 0],
    ['4', 4],
    ['6', 6],
  ])('may be %s', (text, family) => {
    expect(configOf({ url: `redis://db.example?family=${text}` })).toMatchObject({ family })
  })

  it.each(['5', '1', '', 'IPv6', '4.0', '-4'])('is refused as %j', (family) => {
    expect(() => redisStore({ url: `redis://db.example?family=${family}` })).toThrow(
      `family: expected '0', '4' or '6', got '${family}'`,
    )
  })
})

describe('without a url', () => {
  it.each<RedisStoreOptions['config']>([
    { path: '/run/redis.sock' },
    { sentinels: [{ host: 'sentinel-1', port: 26_379 }], name: 'main' },
    { host: 'db.example' },
  ])('%j says where the server is', (config) => {
    const made = configOf({ config, connectTimeout: '3s' })
    expect(made).toMatchObject({ ...config, lazyConnect: true, enableOfflineQueue: false, connectTimeout: 3_000 })
    expect(made).not.toHaveProperty('port')
  })

  it.each<RedisStoreOptions>([{}, { config: {} }, { config: { db: 1 } }, { config: { host: undefined } as never }])(
    '%j leaves open where it is',
    (options) => {
      expect(() => redisStore(options)).toThrow(
        'url: missing; give a url, cluster, config.host, config.path, config.sentinels or a client of your own',
      )
    },
  )
})

describe('config', () => {
  it('wins over the url and over the defaults', () => {
    const config = configOf({ url: 'redis://db.example?family=4', config: { family: 6, db: 4, socketTimeout: 900 } })
    expect(config).toMatchObject({ family: 6, db: 4, socketTimeout: 900 })
  })

  it.each([
    'connectTimeout',
    'lazyConnect',
    'enableOfflineQueue',
    'maxRetriesPerRequest',
    'autoResendUnfulfilledCommands',
    'replyMapping',
  ])('cannot change %s, on which the promises stand or which is an option', (name) => {
    const config = { [name]: true }
    expect(() => redisStore({ url: 'redis://db.example', config })).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option: `config.${name}` }),
    )
  })

  it('leaves the store as it fails fast', () => {
    expect(configOf({ url: 'redis://db.example' })).toMatchObject({
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
    })
  })
})

it('connectTimeout beside the url wins over the one in it, which may have a unit', () => {
  const url = 'redis://db.example?connectTimeout=1.5s'
  expect(configOf({ url })).toMatchObject({ connectTimeout: 1_500 })
  expect(configOf({ url, connectTimeout: '3s' })).toMatchObject({ connectTimeout: 3_000 })
})

describe('a wrong option is refused by its name', () => {
  const url = 'redis://db.example'
  const client = new Redis({ lazyConnect: true })
  it.each([
    { option: 'url', options: {} },
    { option: 'url', options: { url: 'http://db.example' } },
    { option: 'url', options: { url: 'redis://a:1,b:2' } },
    { option: 'url', options: { url: `${url}/zero` } },
    { option: 'url', options: { url: `${url}/0/1` } },
    { option: 'url', options: { url: `${url}?timeout=1` } },
    { option: 'family', options: { url: `${url}?family=5.5` } },
    { option: 'connectTimeout', options: { url: `${url}?connectTimeout=soon` } },
    { option: 'connectTimeout', options: { url, connectTimeout: 0 } },
    { option: 'connectTimeout', options: { client, connectTimeout: '1s' } },
    { option: 'prefix', options: { url, prefix: 5 } },
    { option: 'maxValueBytes', options: { url, maxValueBytes: Number.NaN } },
    { option: 'maxValueBytes', options: { url, maxValueBytes: 2 ** 40 } },
    { option: 'config', options: { url, config: 'fast' } },
    { option: 'client', options: { client: {} } },
    { option: 'client', options: { client: null } },
    { option: 'url', options: { url, client } },
    { option: 'config', options: { config: {}, client } },
    { option: 'host', options: { host: 'db.example' } },
  ])('$option in $options', ({ option, options }) => {
    expect(() => redisStore(options as RedisStoreOptions)).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option }),
    )
  })

  it('and told from what else it may be', () => {
    const given =
      (options: unknown): unknown =>
      () =>
        redisStore(options as RedisStoreOptions)
    expect(given(client)).toThrow(/^redisStore: expected an object of options, got .*; give it as { client: … }$/)
    expect(given('redis://:secret@db')).toThrow(
      'redisStore: expected an object of options, got a string; give it as { url: … }',
    )
    expect(given({ url: new URL('redis://:secret@db') })).toThrow(
      "url: expected a string like 'redis://localhost:6379', got a URL",
    )
    expect(given({ url, connecttimeout: 5 })).toThrow("did you mean 'connectTimeout'?")
    expect(given({ url: `${url}?connecttimeout=5` })).toThrow("did you mean 'connectTimeout'?")
  })

  it('and a password never stands in the message', () => {
    expect(() => redisStore({ url: 'redis://app:secret@a:1,b:2' })).toThrow(expect.not.stringContaining('secret'))
    expect(() => redisStore({ url: 'redis://app:secret@db.example/x' })).toThrow(expect.not.stringContaining('secret'))
  })
})
