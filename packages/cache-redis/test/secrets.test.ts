import { inspect } from 'node:util'
import { createCache } from '@tiercel/cache-core'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, openClient, openStore, uniquePrefix } from './support/stores.js'

// Users and memory limits of its own: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const url = server?.url ?? ''
const host = url.replace('redis://', '')
afterAll(() => started?.stop())

/** All that a program could print of it: causes, hidden and inherited properties. */
function everythingIn(error: unknown): string {
  const parts: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) {
    parts.push(at.message, at.stack ?? '', JSON.stringify(at, Object.getOwnPropertyNames(at)))
  }
  return parts.join('\n') + inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })
}

async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => expect.fail('did not fail'),
    (error: unknown) => error,
  )
}

describe.skipIf(server === undefined)('an error of the store', () => {
  it.each([
    ['is wrong', 'hunter2-wrong', async () => {}],
    [
      'is refused',
      'hunter2-right',
      async () => {
        await openClient(url).call('ACL', 'SETUSER', 'refused', 'off', '>hunter2-right', '~*', '+@all')
      },
    ],
  ])('never shows the password that %s', async (_, password, prepare) => {
    await prepare()
    const error = await failureOf(openStore({ url: `redis://refused:${password}@${host}` }).ping())
    expect(everythingIn(error)).toContain('WRONGPASS')
    expect(everythingIn(error)).not.toContain('hunter2')
  })

  it('never shows the value that a full server refuses', async () => {
    const admin = openClient(url)
    const store = openStore({ url })
    await store.ping()
    await admin.config('SET', 'maxmemory', '1')
    try {
      for (const write of [
        store.set('key', bytes('card 4111-1111')),
        store.add('other', bytes('card 4111-1111')),
        store.setMany([{ key: 'third', bytes: bytes('card 4111-1111') }]),
      ]) {
        const text = everythingIn(await failureOf(write))
        expect(text).toContain('OOM')
        expect(text).not.toContain('4111')
        expect(text).not.toContain(bytes('card 4111').toString('hex'))
      }
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
  })

  it('never shows what a renamed command was called with', async () => {
    const user = uniquePrefix()
    const admin = openClient(url)
    await admin.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-set')
    const store = openStore({ url: `redis://${user}:secret@${host}` })
    const text = everythingIn(await failureOf(store.set('customer-77', bytes('card 4111-1111'))))
    expect(text).toContain('NOPERM')
    expect(text).not.toContain('4111')
  })

  it('keeps what helps: the name and code of the cause', async () => {
    const error = await failureOf(openStore({ url: 'redis://127.0.0.1:1' }).ping())
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', cause: { code: 'ECONNREFUSED', syscall: 'connect' } })
  })

  it('is without secrets on diagnostics too', async () => {
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
    const heard: unknown[] = []
    const listen = (message: unknown): void => void heard.push((message as { error: unknown }).error)
    subscribe('tiercel:store-error', listen)
    const cache = createCache({
      store: openStore({ url: `redis://refused:hunter2-wrong@${host}` }),
      storeTimeout: '1s',
    })
    await cache.getOrSet('key', () => 'value')
    unsubscribe('tiercel:store-error', listen)
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.map(everythingIn).join()).not.toContain('hunter2')
  })
})
