import { StoreClosedError, StoreUnavailableError } from '@tiercel/cache-core/store'
import { parseStoreUrl } from '@tiercel/cache-core/store-kit'
import { type Cluster, connect } from 'couchbase'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { couchbaseStore } from '../src/index.js'

const server = inject('server')
const VALUE = Buffer.from('value')

describe.skipIf(server === undefined)("a client of the caller's", () => {
  const { scheme, hosts, username = '', password = '', path } = parseStoreUrl(server, ['couchbase', 'couchbases'])
  const [bucket = ''] = path
  let cluster: Cluster

  beforeEach(async () => {
    const addresses = hosts.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`))
    cluster = await connect(`${scheme}://${addresses.join(',')}`, { username, password })
  })
  afterEach(() => cluster.close())

  it('may be a cluster, and stays open when the store is closed', async () => {
    const store = couchbaseStore({ client: cluster, bucket, kvTimeout: '5s' })
    await store.set('from a cluster', VALUE)
    await store.close()
    await expect(store.get('from a cluster')).rejects.toThrow(StoreClosedError)
    expect(await cluster.bucket(bucket).defaultCollection().get('tiercel:from a cluster', RAW)).toMatchObject(FOUND)
  })

  it('may be a collection, and stays open when the store is closed', async () => {
    const collection = cluster.bucket(bucket).defaultCollection()
    const store = couchbaseStore({ client: collection, prefix: 'own', kvTimeout: '5s' })
    await store.set('from a collection', VALUE)
    await store.close()
    expect(await collection.get('own:from a collection', RAW)).toMatchObject(FOUND)
  })

  it('that its owner has closed is no connection, and the store is not closed', async () => {
    const store = couchbaseStore({ client: cluster, bucket, kvTimeout: '5s' })
    await store.ping()
    await cluster.close()
    await expect(store.get('key')).rejects.toThrow(StoreUnavailableError)
    await expect(store.set('key', VALUE)).rejects.toThrow(StoreUnavailableError)
  })
})

/** Read by the SDK's own rules: what the store writes is marked as raw bytes. */
const RAW = { timeout: 5_000 }
const FOUND = { content: VALUE }
