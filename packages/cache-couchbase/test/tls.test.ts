import { readFileSync } from 'node:fs'
import { makeCertificates } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, inject, it, vi } from 'vitest'
import { type CouchbaseStore, type CouchbaseStoreOptions, couchbaseStore } from '../src/index.js'
import { KvProxy, Opcode } from './support/kv-proxy.js'

// The mock has no TLS: the proxy before it does.
const mock = inject('mock')
const certificates = mock === undefined ? undefined : makeCertificates()
const files = certificates?.files
const wire =
  mock === undefined || files === undefined
    ? undefined
    : await KvProxy.start(mock, { key: readFileSync(files.key), cert: readFileSync(files.cert) })
const stores: CouchbaseStore[] = []
afterEach(async () => void (await Promise.all(stores.splice(0).map((store) => store.close()))))
afterAll(async () => {
  await wire?.close()
  certificates?.remove()
})

function open(options: CouchbaseStoreOptions, hosts = wire?.hosts): CouchbaseStore {
  const store = couchbaseStore({ url: `couchbases://default:@${hosts}/default`, kvTimeout: '5s', ...options })
  stores.push(store)
  return store
}

describe.skipIf(wire === undefined)('Couchbase over TLS', () => {
  const security = { trustStorePath: files?.ca ?? '' }

  it('is reached by couchbases://, its certificate proven by the authority given', async () => {
    const store = open({ config: { security } })
    await vi.waitFor(() => store.ping(), { timeout: 20_000 })
    const values = Array.from({ length: 8 }, (_, at) => ({ key: `over-tls-${at}`, bytes: Buffer.from(`value ${at}`) }))
    await store.setMany(values)
    const found = await store.getMany(values.map(({ key }) => key))
    expect(found.map((entry) => Buffer.from(entry?.bytes ?? []).toString())).toEqual(
      values.map(({ bytes }) => `${bytes}`),
    )
    // Over the proxy, so inside of TLS.
    expect(wire?.count(Opcode.upsert)).toBe(values.length)
  })

  it('is not believed when nobody known has signed its certificate, and is told no password', async () => {
    wire?.reset()
    const store = open({ connectTimeout: '1s' })
    await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(wire?.requests).toEqual([])
  })

  it('is believed under another name too: the SDK does not compare it, and SECURITY.md says so', async () => {
    const hosts = wire?.hosts.replaceAll('127.0.0.1', 'localhost')
    const store = open({ config: { security } }, hosts)
    await vi.waitFor(() => store.ping(), { timeout: 20_000 })
  })
})
