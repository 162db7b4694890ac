import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../../src/base/errors.js'
import { checkDriverConfig, parseCredentials, refuseBesideClient } from '../../../src/store/kit/connection-options.js'

describe('beside a client', () => {
  it('nothing may say how to connect', () => {
    const options = { url: undefined, config: {}, prefix: 'shop' }
    expect(() => refuseBesideClient(options, ['url', 'config'])).toThrow(
      'config: says how to connect, but a client is given',
    )
    expect(() => refuseBesideClient(options, ['url'])).not.toThrow()
  })
})

describe('settings of the driver', () => {
  it.each([null, 'fast', 5, [], () => {}])('%s is none', (config) => {
    expect(() => checkDriverConfig(config, 'ioredis', {})).toThrow(/^config: expected an object of settings of ioredis/)
  })

  it('are handed on, but for those that the store makes itself', () => {
    const own = { lazyConnect: 'is set by the store' }
    expect(() => checkDriverConfig({ family: 6 }, 'ioredis', own)).not.toThrow()
    expect(() => checkDriverConfig({ lazyConnect: false }, 'ioredis', own)).toThrow(
      expect.objectContaining({ option: 'config.lazyConnect', message: 'config.lazyConnect: is set by the store' }),
    )
  })
})

describe('credentials', () => {
  it('are both there or neither', () => {
    expect(parseCredentials(undefined, undefined)).toBeUndefined()
    expect(parseCredentials('app', '')).toEqual({ username: 'app', password: '' })
  })

  it.each([
    { username: 'app', password: undefined, option: 'password' },
    { username: undefined, password: 'secret', option: 'username' },
    { username: '', password: 'secret', option: 'username' },
    { username: 'app', password: 7, option: 'password' },
  ])('$username and $password are refused for the $option', ({ username, password, option }) => {
    const parse = (): unknown => parseCredentials(username, password)
    expect(parse).toThrow(InvalidOptionError)
    expect(parse).toThrow(expect.objectContaining({ option }))
    expect(parse).not.toThrow(/secret/)
  })
})
