import { afterEach, beforeEach, expect, it } from 'vitest'
import { memcachedStore } from '../src/index.js'
import { Opcode, Status } from '../src/memjs/protocol.js'
import { encode, FakeServer } from './support/fake-server.js'

/**
 * SASL as memcached 1.6.18 with -S does it: PLAIN, one step; before it every other command is refused and the
 * connection closed. sasl.test.ts asks a real one, where its database of passwords can be made.
 */
let fake: FakeServer

beforeEach(async () => {
  const authenticated = new Set<number>()
  fake = await FakeServer.start((request) => {
    const { opcode, connection, key, value, socket } = request
    if (authenticated.has(connection)) return 'answer'
    if (opcode === Opcode.SaslAuth && key === 'PLAIN' && value.equals(Buffer.from('\0üser\0p:w@d'))) {
      authenticated.add(connection)
      socket.write(encode(request, { value: 'Authenticated' }))
    } else {
      socket.end(encode(request, { status: Status.AuthenticationError, value: 'Auth failure.' }))
    }
    return 'nothing'
  })
})

afterEach(() => fake.stop())

it('a user name and password from options are sent first', async () => {
  const store = memcachedStore({ servers: [fake.address], username: 'üser', password: 'p:w@d' })
  await store.set('key', Buffer.from('value'))
  expect(await store.get('key')).toBeDefined()
  expect(fake.requests[0]).toMatchObject({ opcode: Opcode.SaslAuth })
  await store.close()
})

it('a user name and password from the URL are sent first', async () => {
  const store = memcachedStore({ url: `memcached://${encodeURIComponent('üser')}:p%3Aw%40d@${fake.address}` })
  await store.set('key', Buffer.from('value'))
  expect(fake.requests[0]).toMatchObject({ opcode: Opcode.SaslAuth })
  await store.close()
})

it('a wrong password is an error that says so and does not repeat it', async () => {
  const store = memcachedStore({ servers: [fake.address], username: 'üser', password: 'guess' })
  const error = await store.get('key').catch((thrown: Error) => thrown)
  expect(error).toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
    message: expect.stringContaining('refused the user name or password'),
  })
  expect(String(error)).not.toContain('guess')
  expect(fake.commands).toEqual([])
  await store.close()
})

it('a missing password is an error that says so', async () => {
  const store = memcachedStore({ servers: [fake.address] })
  await expect(store.get('key')).rejects.toThrow('asks for a user name and password')
  await store.close()
})

it('a server without authentication is used all the same', async () => {
  fake.script = (request, server) => {
    if (request.opcode !== Opcode.SaslAuth) return 'answer'
    request.socket.write(server.answer(request))
    return 'nothing'
  }
  const store = memcachedStore({ servers: [fake.address], username: 'user', password: 'secret' })
  await store.set('key', Buffer.from('value'))
  expect(await store.get('key')).toBeDefined()
  await store.close()
})
