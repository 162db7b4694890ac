import { describe, expect, it } from 'vitest'
import type { Duration } from '../../../src/base/duration.js'
import { InvalidOptionError } from '../../../src/base/errors.js'
import { duration, record, text } from '../../../src/base/option-kinds.js'
import { OptionTable, type RowsOf } from '../../../src/base/option-table.js'
import {
  bothCredentials,
  configOption,
  hostsOption,
  overUrl,
  passwordOption,
  urlOption,
  usernameOption,
} from '../../../src/store/kit/connection-options.js'

interface EngineOptions {
  readonly url?: string | undefined
  readonly name?: string | undefined
  readonly timeout?: Duration | undefined
  readonly config?: { readonly host?: string; readonly family?: number } | undefined
  readonly client?: object | undefined
}

const table = new OptionTable('engineStore', {
  url: urlOption('engine://host:1'),
  name: text().or('main'),
  timeout: duration().or('1s'),
  config: record<{ readonly host?: string; readonly family?: number }>('an object of settings'),
  client: record<object>('a client'),
} satisfies RowsOf<EngineOptions>)

const inUrl: EngineOptions = { timeout: '5s', config: { host: 'h', family: 4 } }
const read = (options: EngineOptions): unknown =>
  table.read(overUrl(table, options, ['url', 'timeout', 'config'], () => inUrl))

describe('a url', () => {
  it('stands for options, below those beside it and above the defaults', () => {
    const url = 'engine://h'
    expect(read({})).toMatchObject({ name: 'main', timeoutMs: 1_000, config: undefined })
    expect(read({ url })).toMatchObject({ name: 'main', timeoutMs: 5_000, config: { host: 'h', family: 4 } })
    expect(read({ url, timeout: '2s', config: { family: 6 } })).toMatchObject({
      timeoutMs: 2_000,
      config: { host: 'h', family: 6 },
    })
    expect(read({ url, timeout: undefined })).toMatchObject({ timeoutMs: 5_000 })
  })

  it.each([5, ['redis://:hunter2@h'], '', null])('is never shown where it is wrong: %j', (url) => {
    const wrong = (): unknown => read({ url } as never)
    expect(wrong).toThrow("url: expected a string like 'engine://host:1', got")
    expect(wrong).not.toThrow(/hunter2|5$/)
  })
})

describe('beside a client', () => {
  it('nothing may say how to connect', () => {
    expect(() => read({ url: undefined, config: {}, name: 'shop', client: {} })).toThrow(
      'config: says how to connect, but a client is given',
    )
    expect(() => read({ url: undefined, name: 'shop', client: {} })).not.toThrow()
  })
})

describe('settings of the driver', () => {
  const option = configOption('ioredis', { lazyConnect: 'is set by the store' })

  it.each([null, 'fast', 5, [], () => {}])('%s is none', (config) => {
    expect(() => option.parse(config, 'config')).toThrow(/^config: expected an object of settings of ioredis/)
  })

  it('are handed on, but for those that the store makes itself', () => {
    expect(option.parse({ family: 6 }, 'config')).toEqual({ family: 6 })
    expect(() => option.parse({ lazyConnect: false }, 'config')).toThrow(
      expect.objectContaining({ option: 'config.lazyConnect', message: 'config.lazyConnect: is set by the store' }),
    )
  })
})

describe('servers', () => {
  const option = hostsOption('servers')

  it('are hosts with or without a port', () => {
    expect(option.parse(['a:1', '[::1]'], 'servers')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: undefined },
    ])
  })

  it.each([[], 'a:1', ['a:port'], [5], [undefined]])('are refused by name: %j', (servers) => {
    expect(() => option.parse(servers, 'servers')).toThrow(expect.objectContaining({ option: 'servers' }))
  })

  it.each(['engine://app:hunter2@a:1', ['app:hunter2@a:1'], [['app:hunter2@a']]])(
    'do not show a password that was put there: %j',
    (servers) => {
      expect(() => option.parse(servers, 'servers')).toThrow(InvalidOptionError)
      expect(() => option.parse(servers, 'servers')).not.toThrow(/hunter2/)
    },
  )
})

describe('credentials', () => {
  it('are both there or neither', () => {
    expect(bothCredentials(undefined, undefined)).toBeUndefined()
    expect(bothCredentials('app', '')).toEqual({ username: 'app', password: '' })
    expect(() => bothCredentials('app', undefined)).toThrow(expect.objectContaining({ option: 'password' }))
    expect(() => bothCredentials(undefined, 'secret')).toThrow(expect.objectContaining({ option: 'username' }))
  })

  it('are texts, and a password is never shown', () => {
    expect(passwordOption.parse('', 'password')).toBe('')
    expect(() => usernameOption.parse('', 'username')).toThrow(/^username: expected a non-empty string/)
    expect(() => passwordOption.parse(12_345, 'password')).toThrow('password: expected a string, got a number')
    expect(() => bothCredentials(undefined, 'hunter2')).not.toThrow(/hunter2/)
  })
})
