import type { IMap, Ringbuffer } from 'hazelcast-client'
import type { HazelcastClient } from '../../src/options.js'

interface Tampering {
  /** Methods that take the place of the map's own. */
  readonly map?: (entries: IMap<string, Buffer>) => Partial<IMap<string, Buffer>>
  readonly ringbuffer?: (ring: Ringbuffer<Buffer>) => Partial<Ringbuffer<Buffer>>
}

/** The same client, whose maps and ringbuffers behave differently. */
export function tampered(client: HazelcastClient, { map, ringbuffer }: Tampering): HazelcastClient {
  return replaced(client, {
    ...(map && {
      getMap: async (name: string) => {
        const entries = await client.getMap<string, Buffer>(name)
        return replaced(entries, map(entries))
      },
    }),
    ...(ringbuffer && {
      getRingbuffer: async (name: string) => {
        const ring = await client.getRingbuffer<Buffer>(name)
        return replaced(ring, ringbuffer(ring))
      },
    }),
  })
}

function replaced<T extends object>(target: T, methods: object): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
