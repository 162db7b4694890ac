import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  /** Paths of the server's key and certificate, and of the authority's certificate. */
  readonly files: { readonly key: string; readonly cert: string; readonly ca: string }
  /** The authority's certificate, by which a client trusts the server. */
  readonly ca: Buffer
  remove(): void
}

/**
 * Makes an authority for one test, and a certificate for a server at 127.0.0.1 and no other host. `undefined` without
 * openssl.
 */
export function makeCertificates(): Certificates | undefined {
  if (spawnSync('openssl', ['version']).error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'tiercel-tls-'))
  const file = (name: string): string => join(folder, name)
  const make = (...args: string[]): void => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...key, ...args], { cwd: folder, stdio: 'ignore' })
  }
  make('-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=authority of a test')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1']
  make('-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=127.0.0.1', ...signed)
  return {
    files: { key: file('server.key'), cert: file('server.crt'), ca: file('ca.crt') },
    ca: readFileSync(file('ca.crt')),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
