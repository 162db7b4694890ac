import { InvalidOptionError } from '@tiercel/cache-core/store'
import { describe, expect, it } from 'vitest'
import { hazelcastStore } from '../src/index.js'
import { type HazelcastStoreOptions, parseOptions } from '../src/options.js'

const LOCAL = { members: ['127.0.0.1'] }

function config(options: HazelcastStoreOptions) {
  const { source } = parseOptions(options)
  if (!('config' in source)) throw new Error('no client is to be created')
  return source.config
}

function wrong(options: unknown): InvalidOptionError {
  try {
    hazelcastStore(options as HazelcastStoreOptions)
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
  }
  throw new Error('nothing was refused')
}

describe('how to connect', () => {
  it('a URL names members, credentials, map and cluster', () => {
    const options = { url: 'hazelcast://us%40er:p%3Ass@h1:5702,[::1],h3/products?clusterName=prod' }
    expect(parseOptions(options).map).toBe('products')
    expect(config(options)).toMatchObject({
      clusterName: 'prod',
      network: { clusterMembers: ['h1:5702', '[::1]:5701', 'h3:5701'] },
      security: { usernamePassword: { username: 'us@er', password: 'p:ss' } },
    })
  })

  it('an address alone means port 5701, cluster dev, map tiercel, prefix tiercel', () => {
    expect(parseOptions(LOCAL)).toMatchObject({ map: 'tiercel', keyPrefix: 'tiercel:' })
    expect(config(LOCAL)).toMatchObject({
      clusterName: 'dev',
      network: { clusterMembers: ['127.0.0.1:5701'], connectionTimeout: 1_000 },
    })
    expect(config(LOCAL).security).toBeUndefined()
  })

  it('what stands beside the URL beats what stands in it', () => {
    const url = 'hazelcast://u:p@h/m?clusterName=c&connectTimeout=500'
    expect(config({ url })).toMatchObject({ network: { connectionTimeout: 500 } })
    const beside = { url, clusterName: 'c2', username: 'u2', password: 'p2', map: 'm2', connectTimeout: '2s' } as const
    expect(parseOptions(beside).map).toBe('m2')
    expect(config(beside)).toMatchObject({
      clusterName: 'c2',
      network: { connectionTimeout: 2_000 },
      security: { usernamePassword: { username: 'u2', password: 'p2' } },
    })
  })

  it("the client's own settings are kept beside those of the store", () => {
    const merged = config({
      ...LOCAL,
      config: {
        instanceName: 'web-1',
        network: { ssl: { enabled: true } },
        properties: { 'hazelcast.client.heartbeat.timeout': 9_000 },
      },
    })
    expect(merged).toMatchObject({
      instanceName: 'web-1',
      network: { ssl: { enabled: true }, clusterMembers: ['127.0.0.1:5701'] },
      properties: { 'hazelcast.client.heartbeat.interval': 500, 'hazelcast.client.heartbeat.timeout': 9_000 },
    })
  })

  it.each([
    ['an unknown option', { hosts: [] }, 'hosts'],
    ['no address', {}, 'url'],
    ['another scheme', { url: 'redis://h' }, 'url'],
    ['a path of two segments', { url: 'hazelcast://h/a/b' }, 'url'],
    ['an unknown option in the URL', { url: 'hazelcast://h?cluster=x' }, 'url'],
    ['members beside a URL', { url: 'hazelcast://h', members: ['h'] }, 'members'],
    ['no member', { members: [] }, 'members'],
    ['a member without a valid port', { members: ['h:99999'] }, 'members'],
    ['a user without a password', { ...LOCAL, username: 'u' }, 'password'],
    ['a password without a user', { ...LOCAL, password: 'p' }, 'username'],
    ['an empty map', { map: '' }, 'map'],
    ['a prefix that is no text', { ...LOCAL, prefix: 7 }, 'prefix'],
    ['a limit that is no number', { ...LOCAL, maxValueBytes: Number.NaN }, 'maxValueBytes'],
    ['settings that are no object', { ...LOCAL, config: 'x' }, 'config'],
    [
      'a near cache, which answers with deleted values',
      { ...LOCAL, config: { nearCaches: { tiercel: {} } } },
      'config.nearCaches',
    ],
    ['a second way to log in', { url: 'hazelcast://u:p@h', config: { security: {} } }, 'config.security'],
    ['a logger', { ...LOCAL, config: { customLogger: {} } }, 'config.customLogger'],
    [
      'members among the settings',
      { ...LOCAL, config: { network: { clusterMembers: ['h'] } } },
      'config.network.clusterMembers',
    ],
    [
      'the time to connect among the settings',
      { ...LOCAL, config: { network: { connectionTimeout: 5 } } },
      'config.network.connectionTimeout',
    ],
    ['a time to connect that is none', { ...LOCAL, connectTimeout: 'soon' }, 'connectTimeout'],
    ['repeated writes', { ...LOCAL, config: { network: { redoOperation: true } } }, 'config.network.redoOperation'],
    [
      'a time to send writes again',
      { ...LOCAL, config: { properties: { 'hazelcast.client.invocation.timeout.millis': 5_000 } } },
      "config.properties['hazelcast.client.invocation.timeout.millis']",
    ],
    ['a password that is no text', { ...LOCAL, username: 'u', password: 918_273 }, 'password'],
    ['a URL with a password as members', { members: 'hazelcast://u:hunter2@h' }, 'members'],
    ['a URL with a password in place of options', 'hazelcast://u:hunter2@h', 'hazelcastStore'],
    ['something else as client', { client: {} }, 'client'],
    ['a URL beside a client', { client: {}, url: 'hazelcast://h' }, 'url'],
    [
      'another byte order',
      { ...LOCAL, config: { serialization: { isBigEndian: false } } },
      'config.serialization.isBigEndian',
    ],
    [
      'a client of another byte order',
      { client: { getMap() {}, getConfig: () => ({ serialization: { isBigEndian: false } }) } },
      'client',
    ],
  ])('%s is refused at creation, by name', (_, options, option) => {
    expect(wrong(options).option).toBe(option)
    expect(wrong(options).message).not.toMatch(/hunter2|918/)
  })

  it('what is wrong is told what would be right', () => {
    expect(wrong({ members: 'h:5701' }).message).toBe(
      "members: expected a list of members, for example ['host-1:1234', 'host-2'], got a string",
    )
    expect(wrong({ ...LOCAL, clustername: 'x' }).message).toContain("did you mean 'clusterName'?")
    expect(wrong({ ...LOCAL, client: { getMap() {} } }).message).toContain('says how to connect')
    expect(wrong({ client: { getMap() {} } }).message).toBe(
      'client: expected a client of hazelcast-client, got an object',
    )
    expect(wrong({ getMap() {}, getConfig() {} }).message).toContain('give it as { client: … }')
  })

  it('undefined is as good as absent', () => {
    const nothing = {
      url: undefined,
      username: undefined,
      map: undefined,
      connectTimeout: undefined,
      client: undefined,
    }
    expect(parseOptions({ ...LOCAL, ...nothing })).toEqual(parseOptions(LOCAL))
  })
})
