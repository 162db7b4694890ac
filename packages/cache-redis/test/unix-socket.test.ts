import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '@tiercel/servers'
import { afterAll, expect, it } from 'vitest'
import { bytes, openStore, uniquePrefix } from './support/stores.js'

const folder = await mkdtemp(join(tmpdir(), 'tiercel-'))
const path = join(folder, 'redis.sock')
const server = await startServer('redis', { args: ['--unixsocket', path] })
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

it.skipIf(server === undefined || server.external)('a server is reached by its unix socket alone', async () => {
  const prefix = uniquePrefix()
  const store = openStore({ prefix, config: { path, db: 1 } })
  await store.set('key', bytes('value'))
  expect((await store.get('key'))?.bytes).toEqual(bytes('value'))
  const byPort = openStore({ prefix, url: `${server?.url}/1` })
  expect((await byPort.get('key'))?.bytes).toEqual(bytes('value'))
})
