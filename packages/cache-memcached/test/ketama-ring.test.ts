import { expect, it } from 'vitest'
import { KetamaRing } from '../src/memjs/ketama-ring.js'

const KEYS = Array.from({ length: 20_000 }, (_, index) => `tiercel:v:${index}`)
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}:11211`)

/** The server of each key, by name. */
function placement(servers: readonly string[]): (string | undefined)[] {
  const ring = new KetamaRing(servers)
  return KEYS.map((key) => servers[ring.locate(key)])
}

function shareMoved(before: readonly string[], after: readonly string[]): number {
  const [from, to] = [placement(before), placement(after)]
  return from.filter((server, index) => server !== to[index]).length / KEYS.length
}

it.each([2, 3, 4, 9])('a server added to %i moves about its own share of the keys', (count) => {
  const share = 1 / (count + 1)
  const moved = shareMoved(names(count), names(count + 1))
  expect(moved).toBeGreaterThan(share * 0.7)
  expect(moved).toBeLessThan(share * 1.3)
})

it('keys move only to the server that was added, and back when it is removed', () => {
  const [from, to] = [placement(names(3)), placement(names(4))]
  const moved = to.filter((server, index) => server !== from[index])
  expect(new Set(moved)).toEqual(new Set(['10.0.0.4:11211']))
})

it('every server has about the same share', () => {
  const servers = placement(names(5))
  for (const name of names(5)) {
    const share = servers.filter((server) => server === name).length / KEYS.length
    expect(share).toBeGreaterThan(0.14)
    expect(share).toBeLessThan(0.26)
  }
})

it('the order in which servers are listed does not matter', () => {
  expect(placement(names(4).toReversed())).toEqual(placement(names(4)))
})

it('the placement is that of ketama, and the same in every release', () => {
  // Computed by another implementation. A change here empties the caches of everybody who updates.
  const ring = new KetamaRing(names(3))
  const placed = KEYS.slice(0, 40).map((key) => ring.locate(key))
  expect(placed.join('')).toBe('2111212202001222200122220121211020211112')
})
