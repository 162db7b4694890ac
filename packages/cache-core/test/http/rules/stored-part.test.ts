import { describe, expect, it } from 'vitest'
import { heldParts, heldText, joinParts, partBounds, partsAskedFor } from '../../../src/http/rules/stored-part.js'

const NOW = Date.UTC(2026, 10, 27)

describe('what a 206 holds', () => {
  it.each([
    ['bytes 0-4/10', 5, { start: 0, end: 5, length: 10 }],
    ['bytes 5-9/*', 5, { start: 5, end: 10, length: undefined }],
    // Cut short on its way.
    ['bytes 4-9/10', 5, { start: 4, end: 9, length: 10 }],
    ['bytes 0-4/10', 6, undefined],
    ['bytes 4-0/10', 1, undefined],
    ['bytes 0-10/10', 5, undefined],
    ['bytes 0-4/10', 0, undefined],
    ['bytes */10', 5, undefined],
    ['lines 0-4/10', 5, undefined],
    ['bytes 0-99999999999999999999/*', 5, undefined],
  ])('%s with %d bytes is %j', (field, bytes, bounds) => {
    expect(partBounds(['Content-Range', field], bytes)).toEqual(bounds)
  })

  it('is nothing where no field says it, as in a message of several parts', () => {
    expect(partBounds(['Content-Type', 'multipart/byteranges; boundary=x'], 5)).toBeUndefined()
  })
})

describe('of a part that is stored', () => {
  const held = { ranges: [{ start: 2, end: 8 }], length: 10 }
  const asked = (range: string, ...more: string[]) =>
    partsAskedFor(['Range', range, ...more], ['ETag', '"v1"', 'Content-Range', 'bytes 2-7/10'], held, NOW, 2)

  it.each([
    ['bytes=2-7', [{ start: 2, end: 8 }]],
    ['bytes=3-4', [{ start: 3, end: 5 }]],
    ['bytes=4-5, 2-3', [{ start: 2, end: 6 }]],
    ['bytes=1-4', undefined],
    ['bytes=4-8', undefined],
    ['bytes=4-', undefined],
    ['bytes=-3', undefined],
    [
      'bytes=5-6, 2-3',
      [
        { start: 5, end: 7 },
        { start: 2, end: 4 },
      ],
    ],
    ['bytes=2-2, 4-4, 6-6', undefined],
    ['bytes=2-3, 8-9', undefined],
    ['lines=2-3', undefined],
  ])('%s gets %j', (range, part) => {
    expect(asked(range)).toEqual(part)
  })

  it('only who has this version, or none, gets anything', () => {
    expect(asked('bytes=3-4', 'If-Range', '"v1"')).toEqual([{ start: 3, end: 5 }])
    expect(asked('bytes=3-4', 'If-Range', '"v2"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-Range', 'W/"v1"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-None-Match', '"v1"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-Match', '*')).toBeUndefined()
  })

  it('the end is known only with the length of the whole', () => {
    const open = { ranges: [{ start: 5, end: 10 }], length: undefined }
    expect(partsAskedFor(['Range', 'bytes=6-'], [], open, NOW, 1)).toBeUndefined()
    expect(partsAskedFor(['Range', 'bytes=6-7'], [], open, NOW, 1)).toEqual([{ start: 6, end: 8 }])
  })
})

describe('parts of one representation', () => {
  const WHOLE = 'abcdefghij'
  /** A part under a tag: as it came, or as it is stored. */
  const part = (start: number, end: number, tag = '"v1"', body = WHOLE.slice(start, end)) => ({
    headers: ['ETag', tag, 'Content-Range', `bytes ${start}-${end - 1}/${WHOLE.length}`],
    body: Buffer.from(body),
  })
  type Part = ReturnType<typeof part>
  const stored = (one: Part, other: Part): Part => {
    const joined = joinParts(one, other)
    if (joined === undefined) throw new Error('not joined')
    const headers = ['ETag', '"v1"', 'Content-Range', heldText(joined.held)]
    return { headers, body: Buffer.concat(joined.pieces) }
  }

  it.each([
    [part(0, 3), part(3, 5), 'bytes 0-4/10', 'abcde'],
    [part(3, 5), part(0, 4), 'bytes 0-4/10', 'abcde'],
    [part(0, 3), part(5, 7), 'bytes 0-2,5-6/10', 'abcfg'],
    [stored(part(0, 3), part(5, 7)), part(2, 6), 'bytes 0-6/10', 'abcdefg'],
    [stored(part(0, 2), part(8, 10)), part(4, 5), 'bytes 0-1,4-4,8-9/10', 'abeij'],
    [part(2, 8), part(3, 5), 'bytes 2-7/10', 'cdefgh'],
    [part(0, 5, '"v1"', 'ABCDE'), part(3, 6), 'bytes 0-5/10', 'ABCdef'],
    [part(0, 5), part(5, 10), 'bytes 0-9/10', WHOLE],
  ])('are joined where they touch and kept beside each other where not (%#)', (one, other, range, body) => {
    const joined = stored(one, other)
    expect([joined.headers[3], joined.body.toString()]).toEqual([range, body])
    expect(heldText(heldParts(joined.headers, joined.body.length) as never)).toBe(range)
  })

  it.each([
    ['another tag', part(0, 3), part(3, 5, '"v2"')],
    ['a weak tag', part(0, 3, 'W/"v1"'), part(3, 5, 'W/"v1"')],
    ['no tag', { ...part(0, 3), headers: part(0, 3).headers.slice(2) }, part(3, 5)],
    ['another length', part(0, 3), { ...part(3, 5), headers: ['ETag', '"v1"', 'Content-Range', 'bytes 3-4/11'] }],
    ['no length', part(0, 3), { ...part(3, 5), headers: ['ETag', '"v1"', 'Content-Range', 'bytes 3-4/*'] }],
  ])('are not joined under %s', (_, one, other) => {
    expect(joinParts(one, other)).toBeUndefined()
  })

  it('are not kept where they have more gaps than a reader leaves', () => {
    const length = 100
    let all: Part = { headers: ['ETag', '"v1"', 'Content-Range', `bytes 0-0/${length}`], body: Buffer.from('a') }
    for (let at = 2; at < 32; at += 2) {
      const more = { headers: ['ETag', '"v1"', 'Content-Range', `bytes ${at}-${at}/${length}`], body: Buffer.from('a') }
      all = stored(all, more)
    }
    const last = { headers: ['ETag', '"v1"', 'Content-Range', `bytes 50-50/${length}`], body: Buffer.from('a') }
    expect(joinParts(all, last)).toBeUndefined()
    expect(
      stored(all, { ...last, headers: ['ETag', '"v1"', 'Content-Range', `bytes 1-1/${length}`] }).body.length,
    ).toBe(17)
  })

  it.each([
    ['bytes 0-1,4-5/10', 5],
    ['bytes 4-5,0-1/10', 4],
    ['bytes 0-1,2-3/10', 4],
    ['bytes 0-1,8-10/10', 5],
    ['bytes 0-1,5-4/10', 2],
    ['bytes 0-1,4-5/*', 4],
  ])('%s with %d bytes were never stored', (range, bytes) => {
    expect(heldParts(['Content-Range', range], bytes)).toBeUndefined()
  })

  it('came as one range each: a list of them in one field is none', () => {
    expect(partBounds(['Content-Range', 'bytes 0-1,4-5/10'], 4)).toBeUndefined()
  })
})
