import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, openClient, openStore } from './support/stores.js'

// A port and a user of its own: not the server that the environment may name.
const started = await startServer('redis')
const server = started?.external ? undefined : started
const folder = mkdtempSync(join(tmpdir(), 'tiercel-tls-'))
afterAll(async () => {
  await started?.stop()
  rmSync(folder, { recursive: true })
})

/** Certificates of an authority made for this test: for the server, and for no other host. */
function makeCertificates(): boolean {
  const openssl = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
  if (openssl('version').error !== undefined) return false
  const make = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  make('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=authority of a test')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1']
  make('req', '-x509', ...key, '-keyout', 'redis.key', '-out', 'redis.crt', '-subj', '/CN=127.0.0.1', ...signed)
  return true
}

/** The port of TLS that the running server has opened, or `undefined` where it was built without. */
async function openTlsPort(): Promise<number | undefined> {
  if (server === undefined || !makeCertificates()) return undefined
  const admin = openClient(server.url)
  try {
    await admin.call(
      'CONFIG',
      'SET',
      ...['tls-cert-file', join(folder, 'redis.crt')],
      ...['tls-key-file', join(folder, 'redis.key')],
      ...['tls-ca-cert-file', join(folder, 'ca.crt')],
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
const authority = port === undefined ? undefined : readFileSync(join(folder, 'ca.crt'))

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
