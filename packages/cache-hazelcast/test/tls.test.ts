import { makeCertificates, startTlsFront } from '@tiercel/servers'
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest'
import { type HazelcastStore, type HazelcastStoreOptions, hazelcastStore } from '../src/index.js'
import { freshMap } from './support/cluster.js'

// Members without a licence have no TLS: another program ends it before one of them.
const cluster = inject('cluster')
const [member = ''] = /[\w.]+:\d+/.exec(cluster ?? '') ?? []
const certificates = cluster === undefined ? undefined : makeCertificates()
const front = certificates && (await startTlsFront(Number(member.split(':')[1]), certificates))
const map = freshMap()
const stores: HazelcastStore[] = []
afterEach(async () => void (await Promise.all(stores.splice(0).map((store) => store.close()))))
afterAll(async () => {
  await front?.stop()
  certificates?.remove()
})

function open(options: HazelcastStoreOptions): HazelcastStore {
  const store = hazelcastStore({ map, ...options })
  stores.push(store)
  return store
}

/** Other members are reached in clear only: all goes through the first. */
function overTls(host: string, sslOptions: object): HazelcastStore {
  return open({
    members: [`${host}:${front?.port}`],
    config: { network: { smartRouting: false, ssl: { enabled: true, sslOptions } } },
  })
}

describe.skipIf(front === undefined)('Hazelcast over TLS', () => {
  it('is reached by config, the certificate proven by the authority given', async () => {
    const store = overTls('127.0.0.1', { ca: certificates?.ca })
    await expect.poll(() => store.set('key', Buffer.from('value')).then(() => 'works', String)).toBe('works')
    expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('value')
  })

  it('is not believed when nobody known has signed its certificate', async () => {
    await expect(overTls('127.0.0.1', {}).ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  it('is not believed when the certificate is of another host', async () => {
    const store = overTls('localhost', { ca: certificates?.ca })
    await expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})

describe.skipIf(cluster === undefined)('a user and password', () => {
  it('are sent, which members without security refuse: the error says so and repeats neither', async () => {
    const store = open({ members: [member], username: 'somebody', password: 's3cret-word' })
    const refusal = (): Promise<string> =>
      store.ping().then(
        () => 'works',
        (error: Error) => `${error.message} ${error.cause}`,
      )
    await expect.poll(refusal).toMatch(/credentials .*could not be authenticated/)
    expect(await refusal()).not.toMatch(/s3cret-word|somebody/)
  })
})
