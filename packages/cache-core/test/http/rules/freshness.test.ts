import { describe, expect, it } from 'vitest'
import { responseDirectives } from '../../../src/http/message/cache-control.js'
import { all, headerLines } from '../../../src/http/message/headers.js'
import { formatHttpDate } from '../../../src/http/message/http-date.js'
import { ageSeconds, initialAgeMs } from '../../../src/http/rules/age.js'
import { freshness } from '../../../src/http/rules/freshness.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const TIMES = { requestedAt: NOW, receivedAt: NOW }
const date = (seconds: number) => formatHttpDate(NOW + seconds * 1_000)

function of(fields: Record<string, string | string[]>, ttlMs?: number, override = false) {
  const headers = headerLines(fields)
  const directives = responseDirectives(all(headers, 'cache-control'))
  const rules = { ttlMs, override, heuristics: false }
  return freshness({ status: 200, headers }, { directives, targeted: false }, rules, TIMES)
}

describe('the lifetime of a response', () => {
  it('is its s-maxage, else its max-age, else Expires less Date, else the ttl of the route', () => {
    const everything = { 'Cache-Control': 's-maxage=10, max-age=20', Expires: date(30), Date: date(0) }
    expect(of(everything, 40_000)).toEqual({ freshForMs: 10_000, ageMs: 0, source: 's-maxage' })
    expect(of({ ...everything, 'Cache-Control': 'max-age=20' }, 40_000)).toMatchObject({ freshForMs: 20_000 })
    expect(of({ ...everything, 'Cache-Control': 'public' }, 40_000)).toMatchObject({ freshForMs: 30_000 })
    expect(of({}, 40_000)).toEqual({ freshForMs: 40_000, ageMs: 0, source: 'ttl' })
  })

  it('is nothing without any of them: no heuristic', () => {
    expect(of({ 'Last-Modified': date(-100_000), Date: date(0) })).toEqual({
      freshForMs: 0,
      ageMs: 0,
      source: 'nothing',
    })
  })

  it('is the ttl of the route alone with override', () => {
    expect(of({ 'Cache-Control': 's-maxage=10' }, 40_000, true)).toMatchObject({ freshForMs: 40_000, source: 'ttl' })
    expect(of({ 'Cache-Control': 'max-age=0' }, 40_000, true).freshForMs).toBe(40_000)
    expect(of({ Expires: '0' }, Number.POSITIVE_INFINITY, true).freshForMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('is over at once with a bad value, however long the ttl', () => {
    expect(of({ 'Cache-Control': 'max-age=soon' }, 40_000).freshForMs).toBe(0)
    expect(of({ Expires: '0' }, 40_000)).toMatchObject({ freshForMs: 0, source: 'Expires' })
    expect(of({ Expires: 'tomorrow' }, 40_000).freshForMs).toBe(0)
  })

  it('counts Expires from the time of receipt where Date is bad or missing', () => {
    expect(of({ Expires: date(30) }).freshForMs).toBe(30_000)
    expect(of({ Expires: date(30), Date: 'yesterday' }).freshForMs).toBe(30_000)
  })

  it('is shorter by the age that the response already has', () => {
    expect(of({ 'Cache-Control': 'max-age=60', Age: '45' })).toEqual({
      freshForMs: 15_000,
      ageMs: 45_000,
      source: 'max-age',
    })
    expect(of({ 'Cache-Control': 'max-age=60', Age: '75' }).freshForMs).toBe(-15_000)
    expect(of({ 'Cache-Control': 'max-age=60', Date: date(-50) })).toMatchObject({ freshForMs: 10_000, ageMs: 50_000 })
    expect(of({ Age: '45' }, 40_000)).toMatchObject({ freshForMs: 40_000, ageMs: 45_000 })
  })
})

describe('the age of a response', () => {
  const age = (fields: Record<string, string | string[]>, requestedAt = NOW) =>
    initialAgeMs(headerLines(fields), { requestedAt, receivedAt: NOW }) / 1_000

  it.each([
    ['30', 30],
    ['30, 60', 30],
    ['0', 0],
    ['99999999999999', 2 ** 31],
  ])('is what Age says: %s', (text, seconds) => {
    expect(age({ Age: text })).toBe(seconds)
  })

  it.each(['abc', '-5', '1.5', '', '"30"', '30s', 'x, 30'])('ignores an Age that is no number: %s', (text) => {
    expect(age({ Age: text })).toBe(0)
  })

  it('takes the first of several lines', () => {
    expect(age({ Age: ['10', '90'] })).toBe(10)
  })

  it('is at least what Date says, and never negative', () => {
    expect(age({ Age: '10', Date: date(-20) })).toBe(20)
    expect(age({ Age: '30', Date: date(-20) })).toBe(30)
    expect(age({ Date: date(60) })).toBe(0)
  })

  it('counts the delay on top of an Age, not for a handler that made the response itself', () => {
    expect(age({ Age: '10' }, NOW - 5_000)).toBe(15)
    expect(age({}, NOW - 5_000)).toBe(0)
  })

  it('takes a Date of this second as no age', () => {
    const headers = headerLines({ Date: date(0) })
    expect(initialAgeMs(headers, { requestedAt: NOW, receivedAt: NOW + 999 })).toBe(0)
  })

  it('grows while it is stored, in whole seconds, and not when the clock steps back', () => {
    const stored = { ageMs: 1_500, receivedAt: NOW }
    expect(ageSeconds(stored, NOW)).toBe(1)
    expect(ageSeconds(stored, NOW + 500)).toBe(2)
    expect(ageSeconds(stored, NOW - 60_000)).toBe(1)
  })
})
