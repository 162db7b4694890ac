import { expect, it } from 'vitest'
import { textLru } from '../../src/base/text-lru.js'

const KEYS = Array.from({ length: 1_000 }, (_, index) => `key ${index}`)

it('a map by text holds as many entries as its characters are room for, the one that was used last among them', () => {
  const numbers = textLru<number>(20_000)
  for (const [index, key] of KEYS.entries()) {
    numbers.set(key, index)
    numbers.get('key 0')
  }
  // An entry is weighed with what it takes beside its key, or a short key would count for next to nothing.
  expect(numbers.size).toBeGreaterThan(100)
  expect(numbers.size).toBeLessThan(120)
  expect([numbers.get('key 0'), numbers.get('key 1'), numbers.get('key 999')]).toEqual([0, undefined, 999])
})

it('a map by text weighs what its values hold', () => {
  const texts = textLru<readonly string[]>(20_000, (list) => list.join().length)
  for (const key of KEYS) texts.set(key, ['x'.repeat(9_000)])
  expect(texts.size).toBe(2)
})
