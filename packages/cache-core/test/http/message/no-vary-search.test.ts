import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countingText, searchVariance } from '../../../src/http/message/no-vary-search.js'

const of = (...fields: string[]) => searchVariance(fields.flatMap((field) => ['No-Vary-Search', field]))

describe('No-Vary-Search', () => {
  it.each([
    ['params', { anyOrder: false, only: true, names: [] }],
    ['params=("b" "a" "b")', { anyOrder: false, only: false, names: ['a', 'b'] }],
    ['params, except=("id")', { anyOrder: false, only: true, names: ['id'] }],
    ['except=("id")', { anyOrder: false, only: true, names: ['id'] }],
    ['except=()', { anyOrder: false, only: true, names: [] }],
    ['except=("")', { anyOrder: false, only: true, names: [''] }],
    ['key-order, except=("x"), key-order=?0', { anyOrder: false, only: true, names: ['x'] }],
    ['params=("")', { anyOrder: false, only: false, names: [''] }],
    ['params=("a";x=1 "b");y, key-order;z=2', { anyOrder: true, only: false, names: ['a', 'b'] }],
    ['params=?0, key-order', { anyOrder: true, only: false, names: [] }],
    [' params=(  "a"   "b"  )\t,\tkey-order ', { anyOrder: true, only: false, names: ['a', 'b'] }],
    ['params=("%EF%BB%BFa" "%ff")', { anyOrder: false, only: false, names: ['\uFEFFa', '\uFFFD'] }],
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
    'params=()',
    'key-order=?0, params=()',
    'params=a',
    'params="a"',
    'params=(a)',
    'params=("a" 1)',
    'params=("a" ("b"))',
    'params=("a" ?1)',
    'params=:YQ==:',
    'params=@1',
    'params=%"a"',
    'params=("a"\t"b")',
    'params=("a","b")',
    'params=("a"),',
    ',params=("a")',
    'params=("\u00e9")',
    'params=(), except=()',
    'params=("a"), except',
    'except',
    'except=?0',
    'except="a"',
    'except=(a)',
    'key-order, except=(1)',
    'key-order=1, params=("a")',
    'key-order=true, params=("a")',
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
    ['except=("id")', '?id=1&x=2', '?y=3&id=1', true],
    ['except=()', '?a=1', '?b=2', true],
    ['except=("")', '?=1&a=1', '?=2&a=1', false],
    ['except=("")', '?=1&a=1', '?b&=1', true],
    ['params=("")', '?=1&a=1', '?a=1&=2', true],
    ['key-order', '?a=x&&&&', '?%61=%78', true],
    ['key-order', '', '?', true],
    ['key-order', '?a=%f6', '?a=%ef%bf%bd', true],
    ['key-order', '?a=1%26b=2', '?a=1&b=2', false],
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
