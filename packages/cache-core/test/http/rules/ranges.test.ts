import { describe, expect, it } from 'vitest'
import { headerLines } from '../../../src/http/message/headers.js'
import { formatHttpDate } from '../../../src/http/message/http-date.js'
import { contentRange } from '../../../src/http/message/range.js'
import { evaluateRange } from '../../../src/http/rules/ranges.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const date = (seconds: number) => formatHttpDate(NOW + seconds * 1_000)

function evaluate(asked: Record<string, string>, stored: Record<string, string> = {}, length = 10, maxRanges = 1) {
  return evaluateRange(headerLines(asked), headerLines(stored), length, NOW, maxRanges)
}

describe('Range', () => {
  it.each([
    ['bytes=0-1', 0, 2],
    ['bytes=0-0', 0, 1],
    ['Bytes=2-', 2, 10],
    ['bytes=-3', 7, 10],
    ['bytes=-99', 0, 10],
    ['bytes=5-99', 5, 10],
    ['bytes=0-9', 0, 10],
    ['bytes= 1-2 ', 1, 3],
    ['bytes=0-1,2-3', 0, 4],
    ['bytes=4-6, 0-4,', 0, 7],
    ['bytes=0-1,99-', 0, 2],
  ])('%s of ten bytes is %i to %i', (range, start, end) => {
    expect(evaluate({ Range: range })).toEqual([{ start, end }])
  })

  it.each([
    'bytes=',
    `bytes=${'0-1,'.repeat(101)}`,
    'bytes=,',
    'bytes=a-b',
    'bytes=3-1',
    'bytes=-',
    'bytes 0-1',
    'items=0-1',
    '0-1',
    'bytes=1',
    'bytes=0-1;',
    'bytes=0-1,x',
  ])('%s asks for nothing that could be given', (range) => {
    expect(evaluate({ Range: range })).toBe('whole')
  })

  it('of parts that do not touch gets the whole, or as many as are given, in the order in which they are asked for', () => {
    expect(evaluate({ Range: 'bytes=0-1,4-5' })).toBe('whole')
    const several = (range: string, maxRanges: number) => evaluate({ Range: range }, {}, 10, maxRanges)
    const [end, start] = [
      { start: 8, end: 10 },
      { start: 0, end: 2 },
    ]
    expect(several('bytes=-2,0-1', 2)).toEqual([end, start])
    expect(several('bytes=9-9,0-0,1-1,8-9,99-', 2)).toEqual([end, start])
    expect(several('bytes=0-1,4-5,8-9', 2)).toBe('whole')
    expect(several(`bytes=${'0-0,2-2,'.repeat(49)}`, 2)).toEqual([
      { start: 0, end: 1 },
      { start: 2, end: 3 },
    ])
    // More than any reader of a file asks for.
    expect(several(`bytes=${'0-0,2-2,'.repeat(500)}`, 2)).toBe('whole')
  })

  it.each([
    ['bytes=10-', 10],
    ['bytes=-0', 10],
    ['bytes=99-100,200-', 10],
    ['bytes=0-', 0],
  ])('%s of %i bytes cannot be satisfied', (range, length) => {
    expect(evaluate({ Range: range }, {}, length)).toBe('unsatisfiable')
  })

  it('is not for what says that it has no ranges, nor for the end of nothing', () => {
    expect(evaluate({ Range: 'bytes=0-1' }, { 'Accept-Ranges': 'none' })).toBe('whole')
    expect(evaluate({ Range: 'bytes=-1' }, {}, 0)).toBe('whole')
  })

  it('is named in Content-Range', () => {
    expect([contentRange({ start: 2, end: 10 }, 10), contentRange(undefined, 10)]).toEqual([
      'bytes 2-9/10',
      'bytes */10',
    ])
  })
})

describe('If-Range', () => {
  const PART = [{ start: 0, end: 1 }]

  it.each([
    ['"a"', { ETag: '"a"' }, PART],
    ['"b"', { ETag: '"a"' }, 'whole'],
    ['"a"', {}, 'whole'],
    ['W/"a"', { ETag: 'W/"a"' }, 'handler'],
    ['"a"', { ETag: 'W/"a"' }, 'handler'],
    ['W/"a"', { ETag: '"a"' }, 'handler'],
    ['W/"b"', { ETag: 'W/"a"' }, 'whole'],
    [date(-60), { 'Last-Modified': date(-60), Date: date(-59) }, PART],
    [date(-60), { 'Last-Modified': date(-60), Date: date(-60) }, 'handler'],
    [date(-60), { 'Last-Modified': date(-60) }, 'handler'],
    [date(-30), { 'Last-Modified': date(-60), Date: date(0) }, 'handler'],
    [date(-90), { 'Last-Modified': date(-60), Date: date(0) }, 'whole'],
    [date(-60), { ETag: '"a"' }, 'whole'],
    ['yesterday', { 'Last-Modified': date(-60), Date: date(0) }, 'whole'],
  ])('%s of a response with %o', (condition, stored, answer) => {
    expect(evaluate({ Range: 'bytes=0-0', 'If-Range': condition }, stored as Record<string, string>)).toEqual(answer)
  })
})
