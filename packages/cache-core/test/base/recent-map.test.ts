import { expect, it } from 'vitest'
import { RecentMap } from '../../src/base/recent-map.js'

const weighing = (max: number) => new RecentMap<string, { weight: number }>(max, ({ weight }) => weight)

it('gives what was set last under a key', () => {
  const map = weighing(10)
  map.set('a', { weight: 1 })
  map.set('a', { weight: 2 })
  expect(map.get('a')).toEqual({ weight: 2 })
  expect(map.get('b')).toBeUndefined()
})

it('keeps what is used, and forgets what is not, within its weight', () => {
  const map = weighing(100)
  map.set('used', { weight: 1 })
  const all = Array.from({ length: 1_000 }, (_, index) => `${index}`)
  for (const key of all) {
    map.set(key, { weight: 1 })
    expect(map.get('used')).toBeDefined()
  }
  expect(map.get('999')).toBeDefined()
  expect(all.filter((key) => map.get(key) !== undefined).length).toBeLessThanOrEqual(100)
})

it('counts what is set again once', () => {
  const map = weighing(100)
  map.set('first', { weight: 1 })
  for (let times = 0; times < 1_000; times++) map.set('again', { weight: 10 })
  expect(map.get('first')).toBeDefined()
})

it('has room for one that weighs more than all, and for no other beside it for long', () => {
  const map = weighing(10)
  map.set('large', { weight: 1_000 })
  expect(map.get('other')).toBeUndefined()
  map.set('a', { weight: 6 })
  expect(map.get('a')).toBeDefined()
  expect(map.get('large')).toBeUndefined()
})
