import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionalSight, freshened, saysItHolds } from '../../../src/http/rules/validation.js'

const STORED = ['ETag', '"ours"', 'Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT', 'Content-Length', '5']

describe('a handler that is asked whether a response still holds', () => {
  it('sees our validators, and no range or condition of the client but its other tags', () => {
    const asked = ['Accept', 'a', 'If-None-Match', 'W/"theirs", "ours"', 'If-Modified-Since', 'x', 'Range', 'bytes=0-1']
    expect(conditionalSight(asked, asked, STORED)).toEqual([
      ...['Accept', 'a', 'If-None-Match', '"ours", "theirs"'],
      ...['If-Modified-Since', 'Wed, 01 Jan 2020 00:00:00 GMT'],
    ])
    expect(conditionalSight(['If-None-Match', '*'], ['If-None-Match', '*'], ['ETag', '"a"'])).toEqual([
      'If-None-Match',
      '"a"',
    ])
  })

  it.each([
    ['nothing but ours was sent', [], [], true],
    ['the client has the same', ['If-None-Match', 'W/"ours"'], [], true],
    ['it names ours', ['If-None-Match', '"theirs"'], ['ETag', '"ours"'], true],
    ['it names the other', ['If-None-Match', '"theirs"'], ['ETag', '"theirs"'], false],
    ['it does not say which of two', ['If-None-Match', '"theirs"'], [], false],
  ])('means ours with its 304 where %s: %4$s', (_, asked, head, ours) => {
    const get = { method: 'GET', headers: asked }
    expect(saysItHolds(get, { status: 304, headers: head }, head, STORED)).toBe(ours)
  })

  it.each([
    ['names the same version', ['ETag', '"ours"', 'Content-Length', '5'], true],
    ['says nothing', [], true],
    ['has another tag', ['ETag', 'W/"ours"'], false],
    ['has another length', ['Content-Length', '6'], false],
    ['is encoded otherwise', ['Content-Encoding', 'gzip'], false],
  ])('means ours with a 200 to a HEAD that %s: %3$s', (_, head, ours) => {
    const holds = (method: string, status: number) =>
      saysItHolds({ method, headers: [] }, { status, headers: head }, head, STORED)
    expect([holds('HEAD', 200), holds('GET', 200), holds('HEAD', 203)]).toEqual([ours, false, false])
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
