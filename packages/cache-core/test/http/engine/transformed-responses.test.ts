import { describe, expect, it } from 'vitest'
import { type Cache, createCache } from '../../../src/data/cache.js'
import type { CacheOptions } from '../../../src/data/options.js'
import { httpCache } from '../../../src/frameworks/fetch.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import type { Store } from '../../../src/store/store.js'

const SECRET = 's'.repeat(40)
const BODY = 'the body of the house '.repeat(5_000)

/** Answers, and waits until the response is stored. */
async function ask(cache: Cache): Promise<{ readonly status: string | null; readonly body: string }> {
  const handler = httpCache(cache, { ttl: '1m' })((_request: Request, _context?: object) => new Response(BODY))
  const stored: Promise<unknown>[] = []
  const response = await handler(new Request('http://shop.example/a'), {
    waitUntil: (promise: Promise<unknown>) => stored.push(promise),
  })
  const body = await response.text()
  await Promise.all(stored)
  return { status: response.headers.get('cache-status'), body }
}

/** All that a store was given to keep. */
function recording(): { readonly store: Store; readonly written: Buffer[] } {
  const written: Buffer[] = []
  const memory = memoryStore()
  const store = new Proxy(memory, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        for (const arg of args) if (arg instanceof Uint8Array) written.push(Buffer.from(arg))
        return member.apply(target, args)
      }
    },
  })
  return { store, written }
}

describe.each<[string, Partial<CacheOptions>]>([
  ['compressed', { compression: { algorithm: 'gzip' } }],
  ['sealed', { secrets: [SECRET] }],
  ['compressed and sealed', { compression: { algorithm: 'brotli' }, secrets: [SECRET] }],
])('responses that are stored %s', (_, options) => {
  it('are hits in every process, as they were', async () => {
    const { store, written } = recording()
    const [one, two] = [createCache({ store, ...options }), createCache({ store, ...options })]
    expect((await ask(one)).status).toContain('stored')
    for (const cache of [one, two]) {
      const { status, body } = await ask(cache)
      expect(status).toContain('hit')
      expect(body).toBe(BODY)
    }
    expect(written.some((bytes) => bytes.includes('the body of the house the body'))).toBe(false)
  })

  it('that cannot be read are misses, and replaced', async () => {
    const { store } = recording()
    await ask(createCache({ store, ...options, secrets: ['t'.repeat(40)] }))
    const cache = createCache({ store, ...options, secrets: [SECRET] })
    expect((await ask(cache)).status).toContain('stored')
    expect((await ask(cache)).status).toContain('hit')
    expect(cache.stats().unreadable).toBeGreaterThan(0)
  })
})
