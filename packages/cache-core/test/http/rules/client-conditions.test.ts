import { describe, expect, it } from 'vitest'
import { etagOf } from '../../../src/http/message/etag.js'
import { headerLines } from '../../../src/http/message/headers.js'
import { formatHttpDate } from '../../../src/http/message/http-date.js'
import { evaluateConditions, notModifiedHeaders } from '../../../src/http/rules/client-conditions.js'
import { expectLinear } from '../../support/linear.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const date = (seconds: number) => formatHttpDate(NOW + seconds * 1_000)

function evaluate(request: Record<string, string | string[]>, stored: Record<string, string>, status = 200) {
  return evaluateConditions(headerLines(request), { status, headers: headerLines(stored), receivedAt: NOW }, NOW)
}

describe('If-None-Match', () => {
  it.each(['"a"', 'W/"a"', '"x", "a"', '"x,y" , W/"a"', ',"a"', '*', ' * '])('%s fits the tag "a"', (list) => {
    expect(evaluate({ 'If-None-Match': list }, { ETag: '"a"' })).toBe('not-modified')
    expect(evaluate({ 'If-None-Match': list }, { ETag: 'W/"a"' })).toBe('not-modified')
  })

  it.each(['"b"', 'a', '"A"', '', '"x, "a"', "'a'", '"a', 'w/"a"', '"b*"', '"a"b', '"x"y, "a"'])(
    '%s does not',
    (list) => {
      expect(evaluate({ 'If-None-Match': list }, { ETag: '"a"' })).toBe('full')
    },
  )

  it('fits by any of several lines', () => {
    expect(evaluate({ 'If-None-Match': ['"x"', '"a"'] }, { ETag: '"a"' })).toBe('not-modified')
  })

  it('fits nothing without a tag', () => {
    expect(evaluate({ 'If-None-Match': '"a"' }, {})).toBe('full')
    expect(evaluate({ 'If-None-Match': '*' }, {})).toBe('full')
    expect(evaluate({ 'If-None-Match': '*' }, { ETag: '"a"' })).toBe('not-modified')
  })

  it('goes before If-Modified-Since, which is then not looked at', () => {
    const stored = { ETag: '"a"', 'Last-Modified': date(-100) }
    expect(evaluate({ 'If-None-Match': '"b"', 'If-Modified-Since': date(0) }, stored)).toBe('full')
    expect(evaluate({ 'If-None-Match': '"a"', 'If-Modified-Since': date(-200) }, stored)).toBe('not-modified')
  })

  it('is read in linear time', async () => {
    for (const piece of ['"x", ', ',', '"', 'W/']) {
      const read = (count: number): (() => void) => {
        const list = piece.repeat(count)
        return () => expect(evaluate({ 'If-None-Match': list }, { ETag: '"a"' })).toBe('full')
      }
      await expectLinear(read, { small: 12_500, large: 100_000 }, piece)
    }
  })
})

describe('If-Modified-Since', () => {
  it('fits what was not modified since, to the second', () => {
    const stored = { 'Last-Modified': date(-100) }
    expect(evaluate({ 'If-Modified-Since': date(-100) }, stored)).toBe('not-modified')
    expect(evaluate({ 'If-Modified-Since': date(-99) }, stored)).toBe('not-modified')
    expect(evaluate({ 'If-Modified-Since': date(-101) }, stored)).toBe('full')
  })

  it('takes Date, then the time of receipt, where there is no Last-Modified', () => {
    expect(evaluate({ 'If-Modified-Since': date(-50) }, { Date: date(-50) })).toBe('not-modified')
    expect(evaluate({ 'If-Modified-Since': date(-51) }, { Date: date(-50) })).toBe('full')
    expect(evaluate({ 'If-Modified-Since': date(0) }, {})).toBe('not-modified')
    expect(evaluate({ 'If-Modified-Since': date(-1) }, {})).toBe('full')
  })

  it('is ignored when it is no date', () => {
    expect(evaluate({ 'If-Modified-Since': 'now' }, { 'Last-Modified': date(-100) })).toBe('full')
  })
})

it('a request without conditions, and a status other than 200, get the full response', () => {
  expect(evaluate({}, { ETag: '"a"' })).toBe('full')
  expect(evaluate({ 'If-None-Match': '"a"' }, { ETag: '"a"' }, 301)).toBe('full')
})

describe('a 304', () => {
  const stored = headerLines({
    'Content-Type': 'text/html',
    'Content-Length': '5',
    'Content-Encoding': 'gzip',
    'Content-Language': 'de',
    'Cache-Control': 'max-age=60',
    'Content-Location': '/a',
    Date: date(0),
    ETag: '"a"',
    Expires: date(60),
    Vary: 'Accept',
    'Last-Modified': date(-100),
    'Access-Control-Allow-Origin': '*',
  })

  it('has the fields that a 200 would have, without what describes the content', () => {
    expect(notModifiedHeaders(stored).filter((_, i) => i % 2 === 0)).toEqual([
      'Cache-Control',
      'Content-Location',
      'Date',
      'ETag',
      'Expires',
      'Vary',
      'Last-Modified',
      'Access-Control-Allow-Origin',
    ])
  })
})

describe('a tag made of a body', () => {
  it('is weak, the same for the same bytes and another for others', () => {
    const tag = etagOf([Buffer.from('hello')], false)
    expect(tag).toMatch(/^W\/"[\w-]{22}"$/)
    expect(etagOf([Buffer.from('hel'), new TextEncoder().encode('lo')], false)).toBe(tag)
    expect(etagOf([Buffer.from('hellp')], false)).not.toBe(tag)
    expect(etagOf([], false)).toMatch(/^W\/"[\w-]{22}"$/)
  })

  it('comes back in If-None-Match and fits', () => {
    const tag = etagOf([Buffer.from('hello')], false)
    expect(evaluate({ 'If-None-Match': tag }, { ETag: tag })).toBe('not-modified')
  })
})

describe('If-Match and If-Unmodified-Since', () => {
  it.each([
    [{ 'If-Match': '"a"' }, { ETag: '"a"' }, 'full'],
    [{ 'If-Match': '"x", "a"' }, { ETag: '"a"' }, 'full'],
    [{ 'If-Match': '*' }, {}, 'full'],
    [{ 'If-Match': '"b"' }, { ETag: '"a"' }, 'failed'],
    [{ 'If-Match': 'W/"a"' }, { ETag: '"a"' }, 'failed'],
    [{ 'If-Match': '"a"' }, { ETag: 'W/"a"' }, 'handler'],
    [{ 'If-Match': '"a"' }, {}, 'handler'],
    [{ 'If-Match': '"a"', 'If-None-Match': '"a"' }, { ETag: '"a"' }, 'not-modified'],
    [{ 'If-Match': '"b"', 'If-None-Match': '"a"' }, { ETag: '"a"' }, 'failed'],
    [{ 'If-Match': '"a"', 'If-Unmodified-Since': date(-90) }, { ETag: '"a"', 'Last-Modified': date(-60) }, 'full'],
    [{ 'If-Unmodified-Since': date(-60) }, { 'Last-Modified': date(-60) }, 'full'],
    [{ 'If-Unmodified-Since': date(-90) }, { 'Last-Modified': date(-60) }, 'failed'],
    [{ 'If-Unmodified-Since': date(-90) }, {}, 'full'],
    [{ 'If-Unmodified-Since': 'never' }, { 'Last-Modified': date(-60) }, 'full'],
  ])('%o of a response with %o', (asked, stored, answer) => {
    expect(evaluate(asked as Record<string, string>, stored as Record<string, string>)).toBe(answer)
    expect(evaluate(asked as Record<string, string>, stored as Record<string, string>, 404)).toBe('full')
  })
})

it('a strong tag is one of the same bytes, without its weakness', () => {
  const bytes = [Buffer.from('hello')]
  expect(`W/${etagOf(bytes, true)}`).toBe(etagOf(bytes, false))
})
