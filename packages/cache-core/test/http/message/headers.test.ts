import { describe, expect, it } from 'vitest'
import { all, combined, endToEnd, first, has, headerLines, keep, members } from '../../../src/http/message/headers.js'

const LINES = ['Content-Type', 'text/html', 'Link', '</a>; rel=preload', 'LINK', '</b>; rel=preload']

describe('field lines', () => {
  it('are read whatever the case of the name', () => {
    expect(first(LINES, 'content-type')).toBe('text/html')
    expect(first(LINES, 'link')).toBe('</a>; rel=preload')
    expect(all(LINES, 'link')).toEqual(['</a>; rel=preload', '</b>; rel=preload'])
    expect(has(LINES, 'etag')).toBe(false)
  })

  it('are combined with a comma, Cookie with a semicolon', () => {
    expect(combined(LINES, 'link')).toBe('</a>; rel=preload, </b>; rel=preload')
    expect(combined(['cookie', 'a=1', 'Cookie', 'b=2'], 'cookie')).toBe('a=1; b=2')
    expect(combined(LINES, 'etag')).toBeUndefined()
  })

  it('keep order, case and repeated lines when some are left out', () => {
    expect(keep(LINES, (name) => name === 'link')).toEqual(['Link', '</a>; rel=preload', 'LINK', '</b>; rel=preload'])
  })

  it('give the members of a list over all lines', () => {
    expect(members(['Vary', 'a, b,', 'vary', ' , C'], 'vary')).toEqual(['a', 'b', 'C'])
  })

  it('are made of all three forms that node:http takes', () => {
    const expected = ['A', '1', 'Link', 'x', 'Link', 'y']
    expect(headerLines({ A: 1, Link: ['x', 'y'], Gone: undefined })).toEqual(expected)
    expect(headerLines(['A', 1, 'Link', 'x', 'Link', 'y'])).toEqual(expected)
    expect(
      headerLines([
        ['A', 1],
        ['Link', ['x', 'y']],
      ]),
    ).toEqual(expected)
    expect(headerLines([])).toEqual([])
  })
})

describe('fields of one connection', () => {
  it('are left out, with those that Connection lists and every Proxy-*', () => {
    const lines = headerLines({
      'Content-Type': 'text/html',
      Connection: ['close, X-Private', 'x-other'],
      'X-PRIVATE': '1',
      'X-Other': '2',
      'Keep-Alive': 'timeout=5',
      'Proxy-Authenticate': 'Basic',
      'Proxy-Connection': 'keep-alive',
      'Proxy-Anything': '1',
      TE: 'trailers',
      Trailer: 'Digest',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'X-Kept': 'yes',
    })
    expect(endToEnd(lines)).toEqual(['Content-Type', 'text/html', 'X-Kept', 'yes'])
  })
})
