import { describe, expect, it } from 'vitest'
import { changesOf, type HeadLog, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { isDocument, noncesOutside } from '../../../src/http/rules/nonces.js'

const NONE = { lines: [], added: [], removed: [] }

function log(seen: Partial<Record<keyof HeadLog, string[]>>): HeadLog {
  return { set: new Set(seen.set), appended: new Set(seen.appended), removed: new Set(seen.removed) }
}

describe('what was done to a head', () => {
  it('is nothing where before and after are the same, and nobody was seen', () => {
    expect(changesOf(['A', '1', 'B', '1', 'B', '2'], ['b', '1', 'b', '2', 'a', '1'], NO_LOG)).toEqual(NONE)
  })

  it('is the setting of what is new or other, with its lines in order and as they are written', () => {
    const { lines, added, removed } = changesOf(['A', '1', 'B', '1'], ['B', '2', 'a', '1', 'C', 'x', 'C', 'y'], NO_LOG)
    expect([lines, added, removed]).toEqual([['B', '2', 'C', 'x', 'C', 'y'], [], []])
  })

  it('is the setting of what was seen to be set, to the same value too', () => {
    expect(changesOf(['A', '1'], ['A', '1'], log({ set: ['a'] }))).toEqual({ ...NONE, lines: ['A', '1'] })
  })

  it('is the taking away of what is gone, and of what was never there', () => {
    expect(changesOf(['A', '1'], [], log({ removed: ['b'] })).removed).toEqual(['a', 'b'])
  })

  it.each([
    ['lines', ['Link', '</a>', 'Link', '</b>'], ['Link', '</b>']],
    ['members', ['Link', '</a>, </b>'], ['Link', '</b>']],
    ['both', ['Link', '</a>, </b>', 'Link', '</c>'], ['Link', '</b>', 'Link', '</c>']],
  ])('is an appending where %s stand behind what stood there', (_name, now, lines) => {
    expect(changesOf(['Link', '</a>'], now, log({ set: ['link'] }))).toEqual({ lines, added: ['link'], removed: [] })
  })

  it('of Cache-Control is never an appending, and of Vary always', () => {
    expect(changesOf(['Cache-Control', 'public'], ['Cache-Control', 'public, max-age=1'], NO_LOG)).toEqual({
      ...NONE,
      lines: ['Cache-Control', 'public, max-age=1'],
    })
    expect(changesOf([], ['Vary', 'Accept'], NO_LOG).added).toEqual(['vary'])
    expect(changesOf(['Vary', 'Origin'], ['Vary', 'Accept'], NO_LOG)).toEqual({
      lines: ['Vary', 'Accept'],
      added: ['vary'],
      removed: [],
    })
  })
})

describe('nonces', () => {
  const policy = ['Content-Security-Policy', "script-src 'self' 'nonce-a+/='; style-src 'NONCE-b'"]

  it('of a layer outside are found, and those of the handler are its own', () => {
    expect(noncesOutside(policy, NONE)).toEqual(['a+/=', 'b'])
    expect(noncesOutside(policy, changesOf([], policy, NO_LOG))).toEqual([])
    expect(noncesOutside(['Content-Security-Policy', "default-src 'self'"], NONE)).toEqual([])
  })

  it('count for documents, and for what may be one', () => {
    const documents = [
      ['Content-Type', 'text/html'],
      ['Content-Type', 'image/svg+xml'],
      ['Content-Type', 'application/json', 'Content-Encoding', 'br'],
      [],
    ]
    expect(documents.map(isDocument)).toEqual([true, true, true, true])
    expect(isDocument(['Content-Type', 'application/json'])).toBe(false)
  })
})
