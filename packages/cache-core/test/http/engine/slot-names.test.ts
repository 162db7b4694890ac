import { expect, it } from 'vitest'
import { SlotNames } from '../../../src/http/engine/slot-names.js'

it('the slots of a URL are the same each time, and those of no other URL or variant', () => {
  const names = new SlotNames('shop')
  const all = (): string[] =>
    ['host:/a:', 'host:/b:'].flatMap((url) => [
      names.url(url),
      names.variant(url, []),
      names.variant(url, ['accept=text/html']),
      names.variant(url, ['accept=text/css']),
    ])
  expect(all()).toEqual(all())
  expect(new Set(all()).size).toBe(8)
  expect(all()).not.toContain(new SlotNames('other').url('host:/a:'))
})
