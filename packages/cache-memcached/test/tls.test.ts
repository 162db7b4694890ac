import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { makeCertificates, type Server, startServer } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type MemcachedStore, type MemcachedStoreOptions, memcachedStore } from '../src/index.js'

const certificates = makeCertificates()
const started = certificates && (await startWithTls(certificates.files))
const stores: MemcachedStore[] = []
afterEach(async () => void (await Promise.all(stores.splice(0).map((store) => store.close()))))
afterAll(async () => {
  await started?.stop()
  certificates?.remove()
})

/** `undefined` where memcached was built without TLS, or the environment names a server of its own. */
async function startWithTls({ key, cert }: { key: string; cert: string }): Promise<Server | undefined> {
  if (process.env.TIERCEL_MEMCACHED_URL) return undefined
  return startServer('memcached', { args: ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`] }).catch(
    () => undefined,
  )
}

const address = started?.url.replace('memcached://', '')
const port = address?.split(':')[1]
const ca = certificates?.ca

function open(options: MemcachedStoreOptions): MemcachedStore {
  const store = memcachedStore(options)
  stores.push(store)
  return store
}

describe.skipIf(started === undefined)('memcached over TLS', () => {
  it.each<[string, MemcachedStoreOptions]>([
    ['memcacheds://', { url: `memcacheds://${address}`, tls: { ca } }],
    ['the option tls', { servers: [`${address}`], tls: { ca } }],
  ])('is reached by %s, its certificate proven by the authority given', async (_, options) => {
    const store = open(options)
    const large = Buffer.alloc(1_000_000, 'x')
    await store.set('key', large)
    expect(large.equals((await store.get('key'))?.bytes ?? Buffer.alloc(0))).toBe(true)
    const [first, none] = await store.getMany(['key', 'none'])
    expect([first?.bytes.byteLength, none]).toEqual([1_000_000, undefined])
  })

  it('is not believed when nobody known has signed its certificate', async () => {
    await expect(open({ url: `memcacheds://${address}` }).ping()).rejects.toThrow(/certificate/)
    await expect(open({ servers: [`${address}`], tls: true }).ping()).rejects.toThrow(/certificate/)
  })

  it('is not believed when the certificate is of another host', async () => {
    await expect(open({ url: `memcacheds://localhost:${port}`, tls: { ca } }).ping()).rejects.toThrow(
      /altnames|certificate/,
    )
  })

  it('does not answer a client that speaks in clear, which finds out soon', async () => {
    const store = open({ servers: [`${address}`], connectTimeout: '500ms' })
    await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  it('a server that speaks in clear is told nothing, not even the password', async () => {
    const plain = await startServer('memcached')
    const host = plain?.url.replace('memcached://', '')
    const store = open({ url: `memcacheds://user:secret@${host}`, connectTimeout: '500ms' })
    await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await plain?.stop()
  })
})

describe('a connection over TLS', () => {
  it.each<[string, string, boolean]>([
    ['names the host that it means', 'localhost', true],
    ['names no address', '127.0.0.1', false],
  ])('%s', async (_, host, named) => {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const hello = new Promise<Buffer>((resolve) => {
      server.once('connection', (socket) => {
        socket
          .on('error', () => {})
          .once('data', (bytes) => {
            resolve(bytes)
            socket.destroy()
          })
      })
    })
    const pinged = open({ url: `memcacheds://${host}:${(server.address() as AddressInfo).port}` }).ping()
    await expect(pinged).rejects.toThrow()
    expect((await hello).includes(host)).toBe(named)
    server.close()
  })
})
