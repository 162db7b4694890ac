import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countingText, searchVariance } from '../../../src/http/message/no-vary-search.js'

const of = (...fields: string[]) => searchVariance(fields.flatMap((field) => ['No-Vary-Search', field]))

describe('No-Vary-Search', () => {
  it.each([
    ['params', { anyOrder: false, only: true, names: [] }],
    ['params=("b" "a" "b")', { anyOrder: false, only: false, names: ['a', 'b'] }],
    ['params, except=("id")', { anyOrder: false, only: true, names: ['id'] }],
    ['key-order', { anyOrder: true, only: false, names: [] }],
    ['key-order, params=("utm_source")', { anyOrder: true, only: false, names: ['utm_source'] }],
    ['key-order=?0, params=("a")', { anyOrder: false, only: false, names: ['a'] }],
    ['params=("a+b" "%C3%A9" "%zz")', { anyOrder: false, only: false, names: ['%zz', 'a b', 'é'] }],
    ['params=("a"), params=("b")', { anyOrder: false, only: false, names: ['b'] }],
    ['params=("a"), unknown=5', { anyOrder: false, only: false, names: ['a'] }],
  ])('%s says %j', (field, variance) => {
    expect(of(field)).toEqual(variance)
  })

  it.each([
    '',
    'params=?0',
    'key-order=?0',
    'params=a',
    'params="a"',
    'params=(a)',
    'params=("a" 1)',
    'except=("a")',
    'params=("b"), except=("a")',
    'params=?0, except=("a")',
    'params, except',
    'params, except="a"',
    'key-order="yes"',
    'key-order=("a")',
    'Params',
    'params=("a',
    `params=("${'a'.repeat(5_000)}")`,
  ])('%s says nothing', (field) => {
    expect(of(field)).toBeUndefined()
    expect(searchVariance([])).toBeUndefined()
  })

  it('on several lines is one', () => {
    expect(of('key-order', 'params=("a")')).toEqual({ anyOrder: true, only: false, names: ['a'] })
  })

  it.each([
    ['params=("a")', '?b=1&a=2', '?a=3&b=1', true],
    ['params=("a")', '?b=1', '?b=2', false],
    ['params=("a")', '?b=1&c=2', '?c=2&b=1', false],
    ['key-order', '?b=1&c=2', '?c=2&b=1', true],
    ['key-order', '?b=1&b=2', '?b=2&b=1', false],
    ['params', '?a=1', '', true],
    ['params, except=("id")', '?id=1&x=2', '?y=3&id=1', true],
    ['params, except=("id")', '?id=1', '?ID=1', false],
    ['params=("a b")', '?a+b=1', '?a%20b=2', true],
    ['params=("x")', '?q=a+b', '?q=a%20b', true],
    ['params=("x")', '?q', '?q=', true],
    ['params=("x")', '?q=1', '?q=1&q=1', false],
  ])('%s: %s and %s are one: %s', (field, one, other, same) => {
    const variance = of(field)
    expect(variance && countingText(one, variance) === countingText(other, variance)).toBe(same)
  })

  it('is read without an error, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (field) => void of(field, field)))
  })
})
