import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { hazelcastStore } from '../src/index.js'
import type { HazelcastClient } from '../src/options.js'
import { connectClient, until } from './support/cluster.js'
import { tampered } from './support/tampered.js'

const url = inject('cluster')

describe.skipIf(url === undefined)('the bus', () => {
  let client: HazelcastClient
  beforeAll(async () => {
    client = await connectClient({ url: url ?? '' })
  })
  afterAll(() => client.shutdown())

  it('carries bytes as they are, a Uint8Array on a larger buffer too', async () => {
    const store = hazelcastStore({ client })
    const channel = randomUUID()
    const heard: Buffer[] = []
    const end = await store.subscribe(channel, (message) => heard.push(Buffer.from(message)))
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    const sent = [all, new Uint8Array(0), all.subarray(100, 103), Buffer.from(all)]
    for (const message of sent) await store.publish(channel, message)
    await until('all arrived', () => heard.length === sent.length)
    expect(heard).toEqual(sent.map((message) => Buffer.from(message)))
    await end()
  })

  it('stores of other prefixes hear nothing of it', async () => {
    const channel = randomUUID()
    const heard: string[] = []
    const [one, other] = ['one', 'other'].map((prefix) => hazelcastStore({ client, prefix }))
    await one?.subscribe(channel, () => heard.push('one'))
    await other?.subscribe(channel, () => heard.push('other'))
    await other?.publish(channel, Buffer.from('x'))
    await one?.publish(channel, Buffer.from('x'))
    await until('both arrived', () => heard.length === 2)
    expect(heard.sort()).toEqual(['one', 'other'])
    await Promise.all([one?.close(), other?.close()])
  })

  it('says so when messages were overwritten before they could be heard', async () => {
    const channel = randomUUID()
    const events: string[] = []
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    // A reader whose process is busy while the ring runs full.
    const slow = tampered(client, {
      ringbuffer: (ring) => ({
        readMany: async (...read) => {
          await held
          return ring.readMany(...read)
        },
      }),
    })
    const reader = hazelcastStore({ client: slow })
    let heard = 0
    await reader.subscribe(channel, () => heard++, {
      onUp: () => events.push('up'),
      onDown: () => events.push('down'),
    })
    // The ring holds 10 000 by default.
    const ring = await client.getRingbuffer<Buffer>(`tiercel:tiercel:${channel}`)
    for (let batch = 0; batch < 11; batch++) await ring.addAll(Array.from({ length: 1_000 }, () => Buffer.from('x')))
    release()
    await until('the rest arrived', () => heard === 10_000)
    expect(events).toEqual(['up', 'down', 'up'])
    await reader.close()
  })
})
