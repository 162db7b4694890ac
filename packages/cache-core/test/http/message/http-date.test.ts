import { describe, expect, it } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../../src/http/message/http-date.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('a date of HTTP', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun Nov 06 08:49:37 1994',
    // The day of the week is not checked: it carries nothing.
    'Mon, 06 Nov 1994 08:49:37 GMT',
  ])('is read: %s', (text) => {
    expect(parseHttpDate(text, NOW)).toBe(EXAMPLE)
  })

  it.each([
    '',
    '0',
    '-1',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 AEST',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    'Sun,  06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994  08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('is refused: %s', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined()
  })

  it('has a leap day in leap years only', () => {
    expect(parseHttpDate('Tue, 29 Feb 2028 00:00:00 GMT', NOW)).toBe(Date.UTC(2028, 1, 29))
    expect(parseHttpDate('Mon, 29 Feb 2027 00:00:00 GMT', NOW)).toBeUndefined()
  })

  it('may have a leap second', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW)).toBe(Date.UTC(2017, 0, 1))
  })

  it('with two digits of a year lies at most 50 years ahead', () => {
    expect(parseHttpDate('Friday, 20-Nov-76 11:59:59 GMT', NOW)).toBe(Date.UTC(2076, 10, 20, 11, 59, 59))
    expect(parseHttpDate('Friday, 20-Nov-76 12:00:01 GMT', NOW)).toBe(Date.UTC(1976, 10, 20, 12, 0, 1))
    expect(parseHttpDate('Friday, 20-Nov-77 00:00:00 GMT', NOW)).toBe(Date.UTC(1977, 10, 20))
    expect(parseHttpDate('Friday, 20-Nov-26 00:00:00 GMT', NOW)).toBe(Date.UTC(2026, 10, 20))
    expect(parseHttpDate('Friday, 01-Jan-00 00:00:00 GMT', NOW)).toBe(Date.UTC(2000, 0, 1))
  })

  it('with four digits is the year that it says', () => {
    expect(parseHttpDate('Sun, 06 Nov 0094 08:49:37 GMT', NOW)).toBeLessThan(Date.UTC(1000, 0))
    expect(parseHttpDate('Fri, 31 Dec 9999 23:59:59 GMT', NOW)).toBe(Date.UTC(9999, 11, 31, 23, 59, 59))
  })

  it('is written as IMF-fixdate', () => {
    expect(formatHttpDate(EXAMPLE + 999)).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
  })
})
