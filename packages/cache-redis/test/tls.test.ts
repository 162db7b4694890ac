import { makeCertificates, startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, openClient, openStore } from './support/stores.js'

// A port and a user of its own: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const certificates = makeCertificates()
afterAll(async () => {
  await started?.stop()
  certificates?.remove()
})

/** The port of TLS that the running server has opened, or `undefined` where it was built without. */
async function openTlsPort(): Promise<number | undefined> {
  if (server === undefined || certificates === undefined) return undefined
  const { key, cert, ca } = certificates.files
  const admin = openClient(server.url)
  try {
    await admin.call(
      'CONFIG',
      'SET',
      ...['tls-cert-file', cert],
      ...['tls-key-file', key],
      ...['tls-ca-cert-file', ca],
      ...['tls-auth-clients', 'no'],
    )
    const port = Number(new URL(server.url).port) + 10_000
    await admin.call('CONFIG', 'SET', 'tls-port', String(port > 65_535 ? port - 20_000 : port))
    return Number(((await admin.config('GET', 'tls-port')) as string[])[1])
  } catch {
    return undefined
  }
}

const port = await openTlsPort()
const authority = certificates?.ca

describe.skipIf(port === undefined)('Redis over TLS', () => {
  it('is reached by rediss://, its certificate proven by the authority given', async () => {
    const store = openStore({ url: `rediss://127.0.0.1:${port}`, config: { tls: { ca: authority } } })
    await store.set('key', bytes('value'))
    expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('value')
  })

  it('is not believed when nobody known has signed its certificate', async () => {
    const store = openStore({ url: `rediss://127.0.0.1:${port}` })
    await expect(store.ping()).rejects.toThrow(/certificate/)
  })

  it('is not believed when the certificate is of another host', async () => {
    const store = openStore({ url: `rediss://localhost:${port}`, config: { tls: { ca: authority } } })
    await expect(store.ping()).rejects.toThrow(/altnames|certificate/)
  })

  it('takes a user and password inside, and nothing without', async () => {
    const admin = openClient(server?.url ?? '')
    await admin.call('ACL', 'SETUSER', 'over-tls', 'on', '>p:w@d', '~*', '&*', '+@all')
    const config = { tls: { ca: authority } }
    const store = openStore({ url: `rediss://over-tls:p%3Aw%40d@127.0.0.1:${port}`, config })
    await store.ping()
    const wrong = openStore({ url: `rediss://over-tls:other@127.0.0.1:${port}`, config })
    await expect(wrong.ping()).rejects.toThrow(/WRONGPASS/)
  })

  it('does not answer a client that speaks in clear', async () => {
    const store = openStore({ url: `redis://127.0.0.1:${port}`, connectTimeout: '500ms' })
    await expect(store.ping()).rejects.toThrow()
  })
})
