import { describe, expect, it } from 'vitest'
import { headerLines } from '../../../src/http/message/headers.js'
import { clientHeaders } from '../../../src/http/rules/client-headers.js'
import { storedHeaders } from '../../../src/http/rules/stored-headers.js'
import { rulesOf } from '../support/requests.js'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37)
const FACTS = { receivedAt: NOW, bodyBytes: 5, etag: 'W/"x"' }

describe('fields that are stored', () => {
  it("are the handler's, with several lines of a name, and what a hit must have", () => {
    const headers = headerLines({
      'Content-Type': 'text/html',
      Link: ['</a>', '</b>'],
      Connection: 'close',
      Age: '7',
      'content-length': '99',
    })
    expect(storedHeaders({ status: 200, headers }, FACTS)).toEqual([
      ...['Content-Type', 'text/html', 'Link', '</a>', 'Link', '</b>'],
      ...['Content-Length', '5', 'Date', 'Sun, 06 Nov 1994 08:49:37 GMT', 'ETag', 'W/"x"'],
    ])
  })

  it('keep the Date and ETag that the handler gave', () => {
    const headers = headerLines({ DATE: 'Sun, 06 Nov 1994 08:00:00 GMT', etag: '"mine"' })
    expect(storedHeaders({ status: 200, headers }, FACTS)).toEqual([...headers, 'Content-Length', '5'])
  })

  it('have no Content-Length with a 204, and no ETag where none is wanted', () => {
    const lines = storedHeaders({ status: 204, headers: [] }, { receivedAt: NOW, bodyBytes: 0, etag: undefined })
    expect(lines).toEqual(['Date', 'Sun, 06 Nov 1994 08:49:37 GMT'])
  })
})

describe('fields that clients get', () => {
  it("are the handler's where the route says nothing", () => {
    const headers = headerLines({ 'Cache-Control': 'max-age=5', Vary: 'Accept', Expires: '0' })
    expect(clientHeaders({ status: 200, headers: headers }, rulesOf())).toEqual(headers)
  })

  it('have the Cache-Control of the route in place of all that the handler said of it', () => {
    const headers = headerLines({ A: '1', 'cache-control': ['s-maxage=9', 'public'], Expires: '0', Pragma: 'no-cache' })
    expect(clientHeaders({ status: 200, headers: headers }, rulesOf({ clientCacheControl: 'no-cache' }))).toEqual([
      'A',
      '1',
      'Cache-Control',
      'no-cache',
    ])
  })

  it('have in Vary what the key holds and the handler did not name', () => {
    const rules = rulesOf({ headers: ['accept', 'x-tenant'], cookies: ['lang'] })
    expect(clientHeaders({ status: 200, headers: ['Vary', 'Accept'] }, rules)).toEqual([
      'Vary',
      'Accept',
      'Vary',
      'x-tenant, cookie',
    ])
    expect(clientHeaders({ status: 200, headers: ['Vary', '*'] }, rules)).toEqual(['Vary', '*'])
    expect(clientHeaders({ status: 200, headers: [] }, rulesOf({ cookies: [] }))).toEqual([])
    expect(clientHeaders({ status: 200, headers: ['Content-Encoding', 'br'] }, rulesOf())).toEqual([
      'Content-Encoding',
      'br',
      'Vary',
      'accept-encoding',
    ])
  })
})
