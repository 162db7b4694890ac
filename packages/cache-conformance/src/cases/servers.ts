import type { Store } from '@tiercel/cache-core/store'
import { utf8 } from '../bytes.js'
import type { ConformanceCase } from '../case.js'
import { describe, expectEqual, expectTrue } from '../expect.js'

const promise = 5
const KEYS = 60

/** Maps each key to the name of its server or part. Leaves out keys of which the store says nothing. */
function placed(keys: readonly string[], place: (key: string) => string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const key of keys) {
    const name = place(key)
    if (name !== undefined) found.set(key, name)
  }
  return found
}

function partsOf(store: Store, keys: readonly string[]): ReadonlyMap<string, string> {
  return placed(keys, (key) => store.partOf?.(key))
}

/** What a store with several servers says about where keys lie. One that says nothing has nothing to keep to. */
export const servers: readonly ConformanceCase[] = [
  {
    id: 'servers/text',
    promise,
    title: 'where a key lies is a text, or not said, and told at once',
    async run({ raw, key }) {
      const one = key()
      for (const method of ['serverOf', 'partOf'] as const) {
        const place: unknown = raw[method]?.(one)
        expectTrue(method, place === undefined || typeof place === 'string', 'a text or undefined', describe(place))
      }
    },
  },
  {
    id: 'servers/same-parts',
    promise,
    title: 'the part of a key is the same in every store, before its first operation and afterwards',
    async run({ raw, key, open }) {
      const keys = Array.from({ length: KEYS }, () => key())
      await raw.set(keys[0] as string, utf8('value'))
      const known = partsOf(raw, keys)
      const { raw: other } = await open()
      const unused = partsOf(other, keys)
      await other.get(keys[0] as string)
      const used = partsOf(other, keys)
      for (const one of keys) {
        expectEqual('part of a key in a store that was never used', unused.get(one), known.get(one))
        expectEqual('part of a key in a store that was used', used.get(one), known.get(one))
      }
    },
  },
  {
    id: 'servers/parts-apart',
    promise,
    title: 'keys of different parts lie on different servers, where there are as many',
    async run({ raw, key }) {
      const keys = Array.from({ length: KEYS }, () => key())
      await raw.set(keys[0] as string, utf8('value'))
      const parts = partsOf(raw, keys)
      const places = placed(keys, (one) => raw.serverOf?.(one))
      if (new Set(places.values()).size < new Set(parts.values()).size || places.size < keys.length) return
      const partOn = new Map<string, string | undefined>()
      for (const one of keys) {
        const server = places.get(one) as string
        if (!partOn.has(server)) partOn.set(server, parts.get(one))
        expectEqual(`part of a key on ${server}`, parts.get(one), partOn.get(server))
      }
    },
  },
  {
    id: 'servers/spread',
    promise,
    title: 'names that begin differently reach every part, also of a key with braces',
    async run({ raw, key }) {
      const all = new Set(
        partsOf(
          raw,
          Array.from({ length: KEYS }, () => key()),
        ).values(),
      )
      for (const one of [key(), key('{tag}')]) {
        const names = Array.from({ length: 64 }, (_, index) => `{${index}}${one}`)
        const reached = new Set(partsOf(raw, names).values()).size
        // The versions of namespaces are kept in three parts.
        const wanted = Math.min(3, all.size)
        expectTrue('parts that 64 names reach', reached >= wanted, `${wanted} or more`, String(reached))
      }
    },
  },
]
