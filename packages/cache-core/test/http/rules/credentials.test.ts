import { describe, expect, it } from 'vitest'
import { TOKEN } from '../../../src/http/message/headers.js'
import { CREDENTIAL_HEADERS } from '../../../src/http/rules/credentials.js'

describe('the list of credentials', () => {
  it('holds field names in lower case, each once, and no cookies, which have an option of their own', () => {
    expect(new Set(CREDENTIAL_HEADERS).size).toBe(CREDENTIAL_HEADERS.length)
    for (const name of CREDENTIAL_HEADERS) expect(name).toMatch(TOKEN)
    expect(CREDENTIAL_HEADERS.map((name) => name.toLowerCase())).toEqual(CREDENTIAL_HEADERS)
    expect(CREDENTIAL_HEADERS).not.toContain('cookie')
  })
})
