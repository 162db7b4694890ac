import { describe, expect, it } from 'vitest'
import { kindOf, show } from '../../src/base/show.js'

describe('show', () => {
  it('cuts long texts', () => {
    expect(show('x'.repeat(100))).toBe(`'${'x'.repeat(60)}…'`)
  })

  it('never shows the content of an object', () => {
    expect(show({ password: 'secret' })).toBe('an object')
    expect(show(Object.create(null))).toBe('an object')
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

  it('names the class of an object, so that a forgotten await is seen', () => {
    expect([show(Promise.resolve()), show(new URL('redis://u:secret@h')), show(new Map())]).toEqual([
      'a Promise',
      'a URL',
      'a Map',
    ])
  })
})

describe('kindOf', () => {
  it('says what a value is and never what it holds', () => {
    const values = ['secret', '', 12_345, true, null, undefined, ['secret'], { password: 'secret' }, () => 'secret']
    expect(values.map(kindOf)).toEqual([
      'a string',
      'an empty string',
      'a number',
      'a boolean',
      'null',
      'undefined',
      'an array',
      'an object',
      'a function',
    ])
  })
})
