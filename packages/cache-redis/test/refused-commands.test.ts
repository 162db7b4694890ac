import { createCache } from '@tiercel/cache-core'
import { StoreUnavailableError, UnsupportedError, type Version } from '@tiercel/cache-core/store'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { isRefusal } from '../src/refused-commands.js'
import { bytes, openClient, openStore, uniquePrefix } from './support/stores.js'
import { hearWarnings } from './support/warnings.js'

// Users and commands of its own: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
afterAll(() => started?.stop())

/** A user who may do everything but these, and the URL to log in as them. */
async function userWithout(...commands: string[]): Promise<{ name: string; url: string }> {
  const name = uniquePrefix()
  const rights = ['on', '>secret', '~*', '&*', '+@all', ...commands.map((command) => `-${command}`)]
  await openClient(url).call('ACL', 'SETUSER', name, ...rights)
  return { name, url: url.replace('redis://', `redis://${name}:secret@`) }
}

/** Whoever waits for a lease waits until the test has failed. */
const WAITS_FOR_EVER = { lease: '1h', hardTimeout: '1h' } as const

describe.skipIf(server === undefined)('a server that refuses', () => {
  it.each([
    ['EVALSHA', ['evalsha']],
    ['EVAL and EVALSHA', ['evalsha', 'eval']],
    ['GETRANGE, inside a script', ['getrange']],
  ])('%s: the capability goes at the first refusal, told once, and calls load at once', async (_, commands) => {
    const heard = hearWarnings()
    const user = await userWithout(...commands)
    const store = openStore({ url: user.url })
    const cache = createCache({ store, ...WAITS_FOR_EVER })
    const caches = [cache, createCache({ store: openStore({ url: user.url, prefix: 'other' }) })]
    await store.ping()
    for (let round = 0; round < 20; round++) {
      // The same key again and again: a lease that nobody can complete would be waited for.
      expect(await cache.getOrSet('key', async () => round)).toBe(round)
    }
    expect(store.capabilities).toMatchObject({ add: true, compareAndSet: false, increment: true, touch: true })
    const version = bytes('0123456789abcdef')
    await expect(store.compareAndSet('key', version, bytes('value'))).rejects.toThrow(UnsupportedError)
    await expect(store.compareAndDelete('key', version)).rejects.toThrow(UnsupportedError)
    expect(heard).toEqual([
      expect.stringMatching(/refuses what compareAnd(Set|Delete) needs \(.*: no leases are taken/),
    ])
    await Promise.all(caches.map((each) => each.close()))
  })

  it('scripts leaves no lease behind that another process would wait for', async () => {
    const user = await userWithout('evalsha')
    const prefix = uniquePrefix()
    const refused = createCache({ store: openStore({ url: user.url, prefix }) })
    const other = createCache({ store: openStore({ url, prefix }), ...WAITS_FOR_EVER })
    await refused.getOrSet('key', async () => 'loaded')
    await expect.poll(() => openClient(url).keys(`${prefix}:*key*`)).toEqual([])
    expect(await other.getOrSet('key', async () => 'again')).toBe('again')
    await Promise.all([refused.close(), other.close()])
  })

  it('scripts is asked again, and leases are back when the rights are', async () => {
    const user = await userWithout('evalsha')
    const prefix = uniquePrefix()
    const store = openStore({ url: user.url, prefix })
    const version = await store.add('key', bytes('value'))
    await expect(store.compareAndSet('key', version as Version, bytes('next'))).rejects.toThrow(StoreUnavailableError)
    expect(store.capabilities.compareAndSet).toBe(false)
    await openClient(url).call('ACL', 'SETUSER', user.name, '+evalsha')
    await expect.poll(() => store.capabilities.compareAndSet).toBe(true)
    expect(await store.compareAndSet('key', version as Version, bytes('next'))).toBeDefined()
    await expect.poll(() => openClient(url).keys(`${prefix}:#probe*`)).toEqual([])
  })

  it.each([
    ['SET', 'set', 'add', (store) => store.add('key', bytes('value'))],
    ['PEXPIRE', 'pexpire', 'touch', (store) => store.touch('key', 1_000)],
    ['INCRBY', 'incrby', 'increment', (store) => store.increment('counter', 1)],
    ['PUBLISH', 'publish', 'bus', (store) => store.publish('channel', bytes('message'))],
    ['SUBSCRIBE', 'subscribe', 'bus', (store) => store.subscribe('channel', () => {})],
    ['SCAN', 'scan', 'purge', (store) => store.purge()],
  ] satisfies [string, string, string, (store: ReturnType<typeof openStore>) => Promise<unknown>][])(
    '%s: the capability that needs it goes, and comes back',
    async (_, command, capability, operate) => {
      const heard = hearWarnings()
      const user = await userWithout(command)
      const store = openStore({ url: user.url })
      await expect(operate(store)).rejects.toThrow(StoreUnavailableError)
      expect(store.capabilities).toMatchObject({ [capability]: false })
      await expect(operate(store)).rejects.toThrow(UnsupportedError)
      expect(heard).toHaveLength(1)
      await openClient(url).call('ACL', 'SETUSER', user.name, `+${command}`)
      await expect.poll(() => store.capabilities).toMatchObject({ [capability]: true })
      await operate(store)
    },
  )

  it('GETRANGE alone is no loss for reads', async () => {
    const user = await userWithout('getrange')
    const store = openStore({ url: user.url })
    await store.set('key', bytes('value'))
    expect((await store.get('key'))?.bytes.toString()).toBe('value')
    expect((await store.getMany(['key', 'key']))[1]?.bytes.toString()).toBe('value')
  })

  it('GET is told, and each call loads at once', async () => {
    const heard = hearWarnings()
    const user = await userWithout('get', 'mget', 'getrange')
    const cache = createCache({ store: openStore({ url: user.url }) })
    for (let round = 0; round < 5; round++) expect(await cache.getOrSet('key', async () => round)).toBe(round)
    expect(heard).toContainEqual(expect.stringContaining('every read is a miss'))
    expect(new Set(heard).size).toBe(heard.length)
    await cache.close()
  })

  it('renamed commands names no key in its warning', async () => {
    const renamed = await startServer('redis', { args: ['--rename-command', 'EVALSHA', ''] })
    try {
      const heard = hearWarnings()
      const store = openStore({ url: renamed?.url ?? '' })
      const version = await store.add('of-a-customer', bytes('value'))
      await expect(store.compareAndDelete('of-a-customer', version as Version)).rejects.toThrow(StoreUnavailableError)
      expect(heard).toEqual([expect.stringMatching(/unknown command .EVALSHA/i)])
      expect(heard.join()).not.toContain('of-a-customer')
      expect(store.capabilities.compareAndSet).toBe(false)
    } finally {
      await renamed?.stop()
    }
  })

  it('the lifetime of a counter leaves it uncounted', async () => {
    const user = await userWithout('set')
    const store = openStore({ url: user.url })
    await expect(store.increment('counter', 1, { ttl: 60_000 })).rejects.toThrow(StoreUnavailableError)
    await openClient(url).call('ACL', 'SETUSER', user.name, '+set')
    await expect.poll(() => store.capabilities.increment).toBe(true)
    expect(await store.increment('counter', 0)).toBe(0)
  })
})

describe('an answer', () => {
  const answer = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })

  it.each([
    "ERR unknown command 'EVALSHA', with args beginning with: 'abc' '1' ",
    'ERR unknown command `evalsha`, with args beginning with: ',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "NOPERM User app has no permissions to run the 'evalsha' command",
    'ERR Unknown Redis command called from script script: 6b1bf486c81ceb7edf3c093f4c48582e38c0e791, on @user_script:2.',
    "ERR The user executing the script can't run this command or subcommand script: on @user_script:2.",
    // Redis 6.
    'ERR Error running script (call to f_77b4): @user_script:1: @user_script: 1: Unknown Redis command called from Lua script',
    // Redis 7.2, Valkey.
    "ERR ACL failure in script: User app has no permissions to run the 'getrange' command script: on @user_script:1.",
    'ERR Unknown command called from script script: on @user_script:1.',
    // Of hosted services and proxies.
    'ERR command eval not support for your account',
    'ERR Command is not available',
    "ERR unsupported command 'evalsha'",
  ])('says that a command is not executed: %s', (message) => {
    expect(isRefusal(answer(message))).toBe(true)
  })

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
    'NOREPLICAS Not enough good replicas to write.',
    'NOAUTH Authentication required.',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
  ])('says nothing of the command itself: %s', (message) => {
    expect(isRefusal(answer(message))).toBe(false)
  })
})
