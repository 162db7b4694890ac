import type { Store } from '@tiercel/cache-core/store'
import { ALL_BYTE_VALUES, noise, utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { ConformanceError, describe, expectEqual } from '../expect.js'

const promise = 'capabilities'

/** Collects what a subscription hears. */
class Ear {
  readonly heard: Uint8Array[] = []
  readonly listener = (message: Uint8Array): void => {
    this.heard.push(Uint8Array.from(message))
  }

  /** Resolves when exactly these messages have arrived, or fails after `ms`. */
  async expect(what: string, messages: readonly Uint8Array[], ms: number): Promise<void> {
    const end = performance.now() + ms
    while (this.heard.length < messages.length && performance.now() < end) await pause(5)
    await pause(20)
    const same =
      this.heard.length === messages.length &&
      this.heard.every((seen, index) => Buffer.from(seen).equals(messages[index] as Uint8Array))
    if (!same) throw new ConformanceError(what, describe(messages), describe(this.heard))
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function publishAll(store: Store, channel: string, messages: readonly Uint8Array[]): Promise<void> {
  for (const message of messages) await store.publish(channel, message)
}

export const bus: readonly ConformanceCase[] = [
  {
    id: 'bus/delivers',
    promise,
    title: 'a message reaches every subscriber of its channel, byte for byte and in order',
    needs: ['bus'],
    async run({ store, capabilities, open, key, timeoutMs }) {
      const channel = key()
      const publisher = capabilities.shared ? (await open()).store : store
      const ears = [new Ear(), new Ear()]
      const ends = await Promise.all(ears.map(({ listener }) => store.subscribe(channel, listener)))
      const messages = [utf8('one'), new Uint8Array(), ALL_BYTE_VALUES, noise(10_000), utf8('last')]
      await publishAll(publisher, channel, messages)
      for (const ear of ears) await ear.expect('what a subscriber heard', messages, timeoutMs)
      await Promise.all(ends.map((end) => end()))
    },
  },
  {
    id: 'bus/channels',
    promise,
    title: 'a message does not reach subscribers of another channel',
    needs: ['bus'],
    async run({ store, key, timeoutMs }) {
      const [channel, other] = [key(), key('*')]
      const [ear, otherEar] = [new Ear(), new Ear()]
      const ends = [await store.subscribe(channel, ear.listener), await store.subscribe(other, otherEar.listener)]
      await store.publish(channel, utf8('message'))
      await ear.expect('what the subscriber of the channel heard', [utf8('message')], timeoutMs)
      await otherEar.expect('what the subscriber of another channel heard', [], timeoutMs)
      await Promise.all(ends.map((end) => end()))
    },
  },
  {
    id: 'bus/unsubscribe',
    promise,
    title: 'who unsubscribed hears nothing more, and the others still do',
    needs: ['bus'],
    async run({ store, key, timeoutMs }) {
      const channel = key()
      const [leaves, stays] = [new Ear(), new Ear()]
      const leave = await store.subscribe(channel, leaves.listener)
      const end = await store.subscribe(channel, stays.listener)
      await store.publish(channel, utf8('first'))
      await stays.expect('what a subscriber heard', [utf8('first')], timeoutMs)
      await leave()
      await store.publish(channel, utf8('second'))
      await stays.expect('what the remaining subscriber heard', [utf8('first'), utf8('second')], timeoutMs)
      expectEqual('messages heard by the one who left', leaves.heard.length, 1)
      await end()
    },
  },
  {
    id: 'bus/resubscribe',
    promise,
    title: 'subscribing and unsubscribing many times leaves one subscription for one listener',
    needs: ['bus'],
    async run({ store, key, timeoutMs }) {
      const channel = key()
      for (let round = 0; round < 30; round++) await (await store.subscribe(channel, () => undefined))()
      const ear = new Ear()
      const end = await store.subscribe(channel, ear.listener)
      await store.publish(channel, utf8('message'))
      await ear.expect('what the last subscriber heard', [utf8('message')], timeoutMs)
      await end()
    },
  },
  {
    id: 'bus/processes',
    promise,
    title: 'a message of another process arrives',
    needs: ['bus', 'shared', 'module'],
    async run({ store, key, crew, timeoutMs }) {
      const channel = key()
      const ear = new Ear()
      const end = await store.subscribe(channel, ear.listener)
      await (await crew()).solo({ kind: 'publish', channel, text: 'from afar' })
      await ear.expect('what a subscriber heard', [utf8('from afar')], timeoutMs)
      await end()
    },
  },
]
