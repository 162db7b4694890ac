import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resourceName } from '../../../src/http/rules/resource-name.js'

const name = (path: string, query = '') => resourceName(['http', 'example.com', path, query])

describe('the name of a URL', () => {
  it.each([
    ['/p', '/p/', '/%70', '//p', '/p//', '/P', '/p;x.css', '/p;x=1/'],
    ['/café', '/caf%C3%A9', '/caf%c3%a9'].map((path) => Buffer.from(path).toString('latin1')),
    ['/a b', '/a%20b'],
    ['/', '//', ''],
    ['/a/b', '/a//b', '/A/b/', '/a%2Fb', '/a\\b'],
    ['/a/b', '/a/./b', '/a/b/.', '/c/../a/b', '/a/%2E%2e/a/b', '/../a/b', '/a/b/c/..'],
  ])('is one for spellings that a router may take for the same: %j', (...paths) => {
    for (const path of paths) expect(name(path), path).toEqual(name(paths[0] as string))
  })

  it.each([
    ['?a=b c', '?a=b+c', '?a=b%20c'],
    ['?a=%7E', '?a=~', '?%61=~'],
    ['', '?'],
  ])('is one for spellings of a query: %j', (...queries) => {
    for (const query of queries) expect(name('/', query), query).toEqual(name('/', queries[0]))
  })

  it('differs between resources', () => {
    const all = [
      name('/p'),
      name('/q'),
      name('/p/q'),
      name('/pq'),
      name('/.p'),
      name('/...'),
      name('/p', '?a'),
      name('/p', '?A'),
      name('/p', '?a='),
      name('/p', '?b&a'),
      name('/p', '?a&b'),
      name('/p%3Fa'),
      name('/p%2570'),
      resourceName(['http', 'other.example', '/p', '']),
      resourceName(['http', '', '/p', '']),
    ]
    expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(all.length)
  })

  it('is the name of itself, printable, and no longer than three times the URL', () => {
    const text = fc.string({
      unit: fc.constantFrom('/', '\\', '.', '%', '2', '5', 'F', 'a', 'B', ';', '?', '+', '\n', 'é', ' '),
    })
    fc.assert(
      fc.property(text, text, (path, query) => {
        const found = resourceName(['http', 'h', `/${path}`, query === '' ? '' : `?${query}`])
        expect(found.join('')).toMatch(/^[!-~]*$/)
        expect(found.join('').length).toBeLessThanOrEqual(3 * (path.length + query.length) + 3)
        if (!found.join('').includes('%')) expect(resourceName(['http', ...found])).toEqual(found)
      }),
    )
  })

  it('tells a plus from the space that a bare one stands for', () => {
    expect(name('/p', '?a%2Bb')).not.toEqual(name('/p', '?a+b'))
    expect(name('/p', '?a%20b')).toEqual(name('/p', '?a+b'))
    const plus = name('/p', '?a%2Bb')
    expect(resourceName(['http', ...plus])).toEqual(plus)
  })

  it('does not depend on the scheme', () => {
    expect(resourceName(['https', 'h', '/p', ''])).toEqual(resourceName(['http', 'h', '/p', '']))
  })
})
