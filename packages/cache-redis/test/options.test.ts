import { InvalidOptionError } from '@tiercel/cache-core/store'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { RedisStoreOptions } from '../src/index.js'
import { redisStore } from '../src/index.js'
import { parseOptions } from '../src/options.js'

function configOf(options: RedisStoreOptions): Readonly<Record<string, unknown>> {
  const { source } = parseOptions(options)
  if (!('config' in source)) throw new Error('no client of its own')
  return source.config
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

describe('config', () => {
  it('wins over the url and over the defaults', () => {
    const config = configOf({ url: 'redis://db.example?connectTimeout=500', config: { connectTimeout: 900, db: 4 } })
    expect(config).toMatchObject({ connectTimeout: 900, db: 4 })
  })

  it('cannot bring back queues and repeated commands', () => {
    const unsafe = { enableOfflineQueue: true, autoResendUnfulfilledCommands: true, maxRetriesPerRequest: 20 }
    expect(configOf({ url: 'redis://db.example', config: unsafe as object })).toMatchObject({
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    })
  })
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
    { option: 'url option family', options: { url: `${url}?family=5.5` } },
    { option: 'url option connectTimeout', options: { url: `${url}?connectTimeout=soon` } },
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

  it('and a password never stands in the message', () => {
    expect(() => redisStore({ url: 'redis://app:secret@a:1,b:2' })).toThrow(expect.not.stringContaining('secret'))
    expect(() => redisStore({ url: 'redis://app:secret@db.example/x' })).toThrow(expect.not.stringContaining('secret'))
  })
})
