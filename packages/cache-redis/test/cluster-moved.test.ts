import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { startCluster } from './support/cluster.js'
import { bytes, openStore } from './support/stores.js'

const [before, after] = await Promise.all([startCluster(), startCluster()])
afterAll(() => Promise.all([before?.stop(), after?.stop()]))

const portOf = (cluster: typeof before): number => Number(cluster?.nodes.split(',')[0]?.split(':')[1])

/** A name that leads to a cluster, as that of a service does. */
async function startFront(portNow: () => number): Promise<string> {
  const front = createServer((client) => {
    const server = connect(portNow(), '127.0.0.1')
    client.pipe(server).pipe(client)
    client.on('error', () => server.destroy())
    server.on('error', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  afterAll(() => void front.close())
  return `redis+cluster://127.0.0.1:${(front.address() as AddressInfo).port}`
}

describe.skipIf(before === undefined || after === undefined)('a cluster', { timeout: 30_000 }, () => {
  it('that is gone, and is another one at the address that was given, is found there', async () => {
    let cluster = before
    const store = openStore({ url: await startFront(() => portOf(cluster)) })
    const heard: string[] = []
    await store.subscribe('channel', (message) => void heard.push(Buffer.from(message).toString()))
    const works = (): Promise<boolean> =>
      store.set('key', bytes('value')).then(
        () => true,
        () => false,
      )
    expect(await works()).toBe(true)
    await before?.kill()
    expect(await works()).toBe(false)
    cluster = after
    await expect.poll(works, { timeout: 20_000 }).toBe(true)
    expect(after?.nodes.split(',')).toContain(store.serverOf('key'))
    const isHeard = async (): Promise<boolean> => {
      await store.publish('channel', bytes('hello')).catch(() => {})
      return heard.length > 0
    }
    await expect.poll(isHeard, { timeout: 10_000 }).toBe(true)
  })
})
