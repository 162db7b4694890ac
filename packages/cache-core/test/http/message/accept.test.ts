import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsOnly, preferredCoding, preferredLanguage } from '../../../src/http/message/accept.js'
import { expectLinear } from '../../support/linear.js'

describe('a list of preferences', () => {
  it('takes only what it says with a weight above 0', () => {
    expect(acceptsOnly('Text/Event-Stream', 'text/event-stream')).toBe(true)
    expect(acceptsOnly('text/event-stream, text/html;q=0', 'text/event-stream')).toBe(true)
    expect(acceptsOnly('text/event-stream, text/html', 'text/event-stream')).toBe(false)
    expect(acceptsOnly('text/event-stream;q=0', 'text/event-stream')).toBe(false)
    expect(acceptsOnly('', 'text/event-stream')).toBe(false)
  })

  it('chooses the first coding of ours that it takes', () => {
    expect(preferredCoding('gzip, br', ['br', 'gzip'])).toBe('br')
    expect(preferredCoding('gzip;q=0.1, br ; Q = 0', ['br', 'gzip'])).toBe('gzip')
    expect(preferredCoding('*;q=0.5', ['br'])).toBe('br')
    expect(preferredCoding('br;q=0, *', ['br', 'gzip'])).toBe('gzip')
    expect(preferredCoding('', ['br'])).toBeUndefined()
    expect(preferredCoding('br;q=x', ['br'])).toBeUndefined()
  })

  it.each([
    ['de', 'de'],
    ['DE-ch', 'de'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['zh-Hans-CN', undefined],
    ['en-a-x, de', 'en'],
    ['fr, de;q=0.5, en;q=0.7', 'en'],
    ['fr;q=0.9, *;q=0.5', undefined],
    ['*', undefined],
    ['', undefined],
    ['de;q=0, en;q=0.1', 'en'],
    ['de-CH, de;q=0', undefined],
    ['de;q=nonsense, en;q=0.1', 'en'],
    [`${'de-'.repeat(40)}x`, undefined],
  ])('of languages %j looks up %j', (field, expected) => {
    const languages = new Map(['en', 'de', 'zh-Hant'].map((name) => [name.toLowerCase(), name]))
    expect(preferredLanguage(field, languages)).toBe(expected)
  })

  it('takes time in proportion to its length, whatever stands in it', async () => {
    for (const unit of [',', ';', '; q=', 'q=1,', '\t', '; \t ', 'a;q=0.5, ', 'a-']) {
      const read = (count: number): (() => void) => {
        const field = unit.repeat(count)
        return () => {
          acceptsOnly(field, 'text/event-stream')
          preferredCoding(field, ['br', 'gzip'])
          preferredLanguage(field, new Map([['de', 'de']]))
        }
      }
      await expectLinear(read, { small: 4_000, large: 32_000 }, unit)
    }
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('q', '=', ';', ',', '0', '.', '*', ' ', 'br') }), (field) => {
        expect(typeof acceptsOnly(field, 'br')).toBe('boolean')
        expect(['br', 'undefined']).toContain(String(preferredCoding(field, ['br'])))
      }),
    )
  })
})
