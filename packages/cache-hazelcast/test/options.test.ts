import { InvalidOptionError } from '@tiercel/cache-core/store'
import { describe, expect, it } from 'vitest'
import { hazelcastStore } from '../src/index.js'
import { type HazelcastStoreOptions, parseOptions } from '../src/options.js'

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

  it('nothing said means the local member, cluster dev, map tiercel, prefix tiercel', () => {
    expect(parseOptions({})).toMatchObject({ map: 'tiercel', keyPrefix: 'tiercel:' })
    expect(config({})).toMatchObject({ clusterName: 'dev', network: { clusterMembers: ['127.0.0.1:5701'] } })
    expect(config({}).security).toBeUndefined()
  })

  it('what stands beside the URL beats what stands in it', () => {
    const url = 'hazelcast://u:p@h/m?clusterName=c'
    const beside = { url, clusterName: 'c2', username: 'u2', password: 'p2', map: 'm2' }
    expect(parseOptions(beside).map).toBe('m2')
    expect(config(beside)).toMatchObject({
      clusterName: 'c2',
      security: { usernamePassword: { username: 'u2', password: 'p2' } },
    })
  })

  it("the client's own settings are kept beside those of the store", () => {
    const merged = config({
      config: {
        instanceName: 'web-1',
        network: { ssl: { enabled: true } },
        properties: { 'hazelcast.client.heartbeat.timeout': 9_000 },
      },
    })
    expect(merged).toMatchObject({
      instanceName: 'web-1',
      network: { ssl: { enabled: true }, clusterMembers: ['127.0.0.1:5701'] },
      properties: { 'hazelcast.client.heartbeat.interval': 1_000, 'hazelcast.client.heartbeat.timeout': 9_000 },
    })
  })

  it.each([
    ['an unknown option', { hosts: [] }, 'hosts'],
    ['another scheme', { url: 'redis://h' }, 'url'],
    ['a path of two segments', { url: 'hazelcast://h/a/b' }, 'url'],
    ['an unknown option in the URL', { url: 'hazelcast://h?cluster=x' }, 'url'],
    ['members beside a URL', { url: 'hazelcast://h', members: ['h'] }, 'members'],
    ['no member', { members: [] }, 'members'],
    ['a member without a valid port', { members: ['h:99999'] }, 'members'],
    ['a user without a password', { username: 'u' }, 'password'],
    ['a password without a user', { password: 'p' }, 'username'],
    ['an empty map', { map: '' }, 'map'],
    ['a prefix that is no text', { prefix: 7 }, 'prefix'],
    ['a limit that is no number', { maxValueBytes: Number.NaN }, 'maxValueBytes'],
    ['settings that are no object', { config: 'x' }, 'config'],
    [
      'a near cache, which answers with deleted values',
      { config: { nearCaches: { tiercel: {} } } },
      'config.nearCaches',
    ],
    ['a logger', { config: { customLogger: {} } }, 'config.customLogger'],
    ['members among the settings', { config: { network: { clusterMembers: ['h'] } } }, 'config.network.clusterMembers'],
    ['repeated writes', { config: { network: { redoOperation: true } } }, 'config.network.redoOperation'],
    [
      'a time to send writes again',
      { config: { properties: { 'hazelcast.client.invocation.timeout.millis': 5_000 } } },
      "config.properties['hazelcast.client.invocation.timeout.millis']",
    ],
    ['something else as client', { client: {} }, 'client'],
    ['a URL beside a client', { client: {}, url: 'hazelcast://h' }, 'url'],
    [
      'a client with a near cache on the map',
      { client: { getMap() {}, getConfig: () => ({ nearCaches: { tiercel: {} } }) } },
      'client',
    ],
  ])('%s is refused at creation, by name', (_, options, option) => {
    expect(wrong(options).option).toBe(option)
  })
})
