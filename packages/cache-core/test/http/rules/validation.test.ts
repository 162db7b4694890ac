import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientsTags, conditionalSight, freshened, isOfVersion } from '../../../src/http/rules/validation.js'

const STORED = ['ETag', '"ours"', 'Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT', 'Content-Length', '5']

describe('a handler that is asked whether a response still holds', () => {
  it('sees our validators, and no range or condition of the client but its other tags', () => {
    const asked = ['Accept', 'a', 'If-None-Match', 'W/"theirs", "ours"', 'If-Modified-Since', 'x', 'Range', 'bytes=0-1']
    expect(conditionalSight(asked, STORED, clientsTags(asked, STORED))).toEqual([
      ...['Accept', 'a', 'If-None-Match', '"ours", "theirs"'],
      ...['If-Modified-Since', 'Wed, 01 Jan 2020 00:00:00 GMT'],
    ])
    expect(conditionalSight(['If-None-Match', '*'], ['ETag', '"a"'])).toEqual(['If-None-Match', '"a"'])
  })

  it.each<[string, string[], string[]]>([
    ['the same', ['If-None-Match', 'W/"ours"'], []],
    ['every one', ['If-None-Match', '*'], []],
    ['others, in lines', ['If-None-Match', '"a"', 'If-None-Match', 'W/"b,c", "ours"'], ['"a"', '"b,c"']],
    ['what is no tag', ['If-None-Match', 'a, b'], []],
  ])('is asked about the tags of a client that has %s', (_, asked, tags) => {
    expect(clientsTags(asked, STORED)).toEqual(tags)
    expect(clientsTags(asked, STORED.slice(2))).toEqual([])
  })

  it.each([
    ['names the same version', ['ETag', '"ours"', 'Content-Length', '5'], true],
    ['says nothing', [], true],
    ['has another tag', ['ETag', 'W/"ours"'], false],
    ['has another length', ['Content-Length', '6'], false],
    ['is encoded otherwise', ['Content-Encoding', 'gzip'], false],
  ])('means ours with a 200 to a HEAD that %s: %3$s', (_, head, ours) => {
    expect(isOfVersion(head, STORED)).toBe(ours)
  })
})

describe('a 200 to a HEAD, of what was encoded when it was stored', () => {
  const encoded = ['ETag', 'W/"ours"', 'Last-Modified', 'x', 'Content-Length', '5', 'Content-Encoding', 'br']
  it.each([
    ['has its tag and another length', ['ETag', '"ours"', 'Content-Length', '50'], true],
    ['has its tag and another date', ['ETag', '"ours"', 'Last-Modified', 'y'], false],
    ['has another tag', ['ETag', '"other"'], false],
    ['has another length alone', ['Content-Length', '50'], false],
    ['is encoded itself', ['ETag', '"ours"', 'Content-Encoding', 'br'], false],
  ])('is about it or not where it %s', (_, head, same) => {
    expect(isOfVersion(head, encoded)).toBe(same)
  })
})

describe('the fields of a response that was confirmed', () => {
  it('are those of the 304 in place of its own, but for what describes its bytes and for one connection', () => {
    const stored = ['A', '1', 'B', '1', 'B', '2', 'Content-Length', '5', 'Content-Type', 'a/b', 'Date', 'x', 'Age', '9']
    const head = ['b', '3', 'C', '4', 'Content-Length', '0', 'Content-Encoding', 'br', 'Connection', 'D', 'D', '5']
    expect(freshened(stored, head)).toEqual([
      'A',
      '1',
      'Content-Length',
      '5',
      'Content-Type',
      'a/b',
      'b',
      '3',
      'C',
      '4',
    ])
  })

  it('are the same when the same is said twice', () => {
    const lines = fc.array(fc.tuple(fc.constantFrom('A', 'b', 'ETag', 'Vary', 'Date', 'Connection'), fc.string()))
    fc.assert(
      fc.property(lines, lines, (stored, head) => {
        const once = freshened(stored.flat(), head.flat())
        expect(freshened(once, head.flat())).toEqual(once)
      }),
    )
  })
})
