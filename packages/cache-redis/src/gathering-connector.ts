import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { AbstractConnector, type RedisOptions } from 'ioredis'
import { ReplyGatherer } from './reply-gatherer.js'
import type { ReplyLimit } from './reply-limit.js'

/** What ioredis connects with instead of its own: a `ReplyGatherer` reads, and no reply exceeds the limit. */
export function gatheringConnector(limit: ReplyLimit): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: RedisOptions

    constructor(options: unknown) {
      const redisOptions = options as RedisOptions
      super(redisOptions.disconnectTimeout ?? 0)
      this.#options = redisOptions
    }

    async connect(): Promise<Socket | TLSSocket> {
      this.connecting = true
      // As with ioredis's own, a client can be ended in the tick in which it was told to connect.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      if (!this.connecting) throw new Error('Connection is closed.')
      this.stream = openStream(this.#options, limit)
      this.stream.once('error', (error) => {
        this.firstError = error
      })
      return this.stream
    }
  }
}

function openStream({ path, host, port, family, tls }: RedisOptions, limit: ReplyLimit): Socket | TLSSocket {
  const gatherer = new ReplyGatherer(
    limit.lengths(),
    (piece) => stream.emit('data', piece),
    (bytes) => limit.giveUp(stream, bytes),
  )
  const onread: OnReadOpts = {
    buffer: () => gatherer.room(),
    callback: (bytes) => {
      gatherer.took(bytes)
      return true
    },
  }
  const place = path ? { path } : { host, port: port as number, family }
  const stream = tls ? connectTls({ ...place, ...tls, ...{ onread } }) : connect({ ...place, onread })
  return stream
}
