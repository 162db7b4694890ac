import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, startServer } from '@tiercel/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { type MemcachedStore, memcachedStore } from '../src/index.js'

// A real server with -S: authentication.test.ts has every answer, from a double.
const folder = mkdtempSync(join(tmpdir(), 'tiercel-sasl-'))

/** memcached's Debian package depends on perl, which can write the database of passwords that saslpasswd2 would. */
const WRITE_PASSWORD = `
use DB_File; use Fcntl; use Sys::Hostname;
tie(my %passwords, 'DB_File', $ARGV[0], O_RDWR | O_CREAT, 0600, $DB_HASH) or die $!;
$passwords{join("\\0", 'user', hostname(), 'userPassword')} = 'p:w@d';
untie %passwords;`

const started = await startWithPasswords()
const address = started?.url.replace('memcached://', '')
afterAll(async () => {
  await started?.stop()
  rmSync(folder, { recursive: true })
})

/** `undefined` where SASL, its mechanism PLAIN or the database cannot be had. */
async function startWithPasswords(): Promise<Server | undefined> {
  const database = join(folder, 'sasldb2')
  const written = spawnSync('perl', ['-e', WRITE_PASSWORD, database])
  if (process.env.TIERCEL_MEMCACHED_URL || written.error !== undefined || written.status !== 0) return undefined
  const lines = ['mech_list: plain', 'pwcheck_method: auxprop', 'auxprop_plugin: sasldb', `sasldb_path: ${database}`]
  writeFileSync(join(folder, 'memcached.conf'), `${lines.join('\n')}\n`)
  process.env.SASL_CONF_PATH = folder
  const server = await startServer('memcached', { args: ['-S'] }).catch(() => undefined)
  delete process.env.SASL_CONF_PATH
  const store = server && memcachedStore({ url: server.url, username: 'user', password: 'p:w@d' })
  const works = await store?.ping().then(
    () => true,
    () => false,
  )
  await store?.close()
  if (works === true) return server
  await server?.stop()
  return undefined
}

describe.skipIf(started === undefined)('memcached with SASL', () => {
  const using = async (store: MemcachedStore, use: (store: MemcachedStore) => Promise<void>): Promise<void> => {
    await use(store)
    await store.close()
  }

  it('takes the user and password of a URL', async () => {
    await using(memcachedStore({ url: `memcached://user:p%3Aw%40d@${address}` }), async (store) => {
      await store.set('key', Buffer.from('value'))
      expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('value')
    })
  })

  it('refuses another password, and the error does not repeat it', async () => {
    await using(memcachedStore({ servers: [`${address}`], username: 'user', password: 'guess' }), async (store) => {
      const error = await store.get('key').catch((thrown: Error) => thrown)
      expect(error).toMatchObject({ message: expect.stringContaining('refused the user name or password') })
      expect(String(error)).not.toContain('guess')
    })
  })

  it('does nothing for a client without one', async () => {
    await using(memcachedStore({ servers: [`${address}`] }), async (store) => {
      await expect(store.set('key', Buffer.from('other'))).rejects.toThrow('asks for a user name and password')
    })
  })
})
