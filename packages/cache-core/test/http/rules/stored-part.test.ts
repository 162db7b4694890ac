import { describe, expect, it } from 'vitest'
import { partAskedFor, partBounds } from '../../../src/http/rules/stored-part.js'

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
  const held = { start: 2, end: 8, length: 10 }
  const asked = (range: string, ...more: string[]) =>
    partAskedFor(['Range', range, ...more], ['ETag', '"v1"', 'Content-Range', 'bytes 2-7/10'], held, NOW)

  it.each([
    ['bytes=2-7', { start: 2, end: 8 }],
    ['bytes=3-4', { start: 3, end: 5 }],
    ['bytes=1-4', undefined],
    ['bytes=4-8', undefined],
    ['bytes=4-', undefined],
    ['bytes=-3', undefined],
    ['bytes=2-3, 5-6', undefined],
    ['lines=2-3', undefined],
  ])('%s gets %j', (range, part) => {
    expect(asked(range)).toEqual(part)
  })

  it('only who has this version, or none, gets anything', () => {
    expect(asked('bytes=3-4', 'If-Range', '"v1"')).toEqual({ start: 3, end: 5 })
    expect(asked('bytes=3-4', 'If-Range', '"v2"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-Range', 'W/"v1"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-None-Match', '"v1"')).toBeUndefined()
    expect(asked('bytes=3-4', 'If-Match', '*')).toBeUndefined()
  })

  it('the end is known only with the length of the whole', () => {
    const open = { start: 5, end: 10, length: undefined }
    expect(partAskedFor(['Range', 'bytes=6-'], [], open, NOW)).toBeUndefined()
    expect(partAskedFor(['Range', 'bytes=6-7'], [], open, NOW)).toEqual({ start: 6, end: 8 })
  })
})
