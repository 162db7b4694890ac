import { describe, expect, it } from 'vitest'
import { show } from '../../src/base/show.js'

describe('show', () => {
  it('cuts long texts', () => {
    expect(show('x'.repeat(100))).toBe(`'${'x'.repeat(60)}…'`)
  })

  it('never shows the content of an object', () => {
    expect(show({ password: 'secret' })).toBe('an object')
    expect(show(['secret'])).toBe('an array')
    expect(show(() => 'secret')).toBe('a function')
  })

  it('names everything else', () => {
    expect([show('a'), show(1), show(null), show(undefined), show(10n)]).toEqual([
      "'a'",
      '1',
      'null',
      'undefined',
      '10',
    ])
  })
})
