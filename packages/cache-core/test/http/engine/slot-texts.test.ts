import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHttpCache } from '../../../src/http/engine/http-cache.js'
import { partsText, urlText } from '../../../src/http/engine/slot-texts.js'
import { createCache, memoryStore } from '../../../src/index.js'
import type { StoreWrite } from '../../../src/store/store.js'
import { getExchange } from '../support/exchange.js'

const path = fc.oneof(
  fc.constantFrom('/', '/a', '/a:b', '/a%b'),
  fc.string({ minLength: 500, maxLength: 520, unit: fc.constantFrom('a', ':', '%') }).map((text) => `/${text}`),
)
const name = fc.tuple(fc.constantFrom('', 'a.example', 'a.example:81'), path, fc.constantFrom('', '?a=1', '?a:b'))

describe('texts of slots', () => {
  it('are short, and different for different names, long ones too', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(urlText(one).length).toBeLessThanOrEqual(512)
        expect(urlText(one) === urlText(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })

  it('of a URL with its parts and of another one never meet', () => {
    const part = fc.constantFrom('accept=a', ';vary:x', 'b', 'x'.repeat(600))
    const withParts = fc.tuple(name, fc.array(part, { minLength: 1, maxLength: 3 }))
    fc.assert(
      fc.property(withParts, withParts, (one, other) => {
        const text = ([url, parts]: typeof one): string => `${urlText(url)}:${partsText(parts)}`
        expect(text(one) === text(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })

  it('leave a few hundred bytes in the store for each long URL that is not to be found', async () => {
    const store = memoryStore()
    const kept = new Map<string, number>()
    const note = ({ key, bytes }: Pick<StoreWrite, 'key' | 'bytes'>): void => {
      kept.set(key, key.length + bytes.byteLength)
    }
    const watched = new Proxy(store, {
      get(target, property) {
        const method: unknown = Reflect.get(target, property)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => {
          if (property === 'set' || property === 'add') note({ key: given[0] as string, bytes: given[1] as Uint8Array })
          if (property === 'compareAndSet') note({ key: given[0] as string, bytes: given[2] as Uint8Array })
          return Reflect.apply(method, target, given)
        }
      },
    })
    const cache = createCache({ store: watched })
    const engine = createHttpCache(cache, { ttl: '1m', statuses: [404] })
    const before = kept.size
    // The double answers 200, which is not stored here.
    await engine.handle(getExchange(`/${':'.repeat(8_000)}`, () => {}))
    await expect.poll(() => kept.size - before).toBeGreaterThanOrEqual(2)
    await cache.close()
    const sizes = [...kept].slice(before).map(([, size]) => size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_200)
  })
})
