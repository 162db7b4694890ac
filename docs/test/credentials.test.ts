import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CREDENTIAL_HEADERS } from '../../packages/cache-core/src/http/rules/credentials.js'

it('the guide of the HTTP cache shows the credentials that the code knows', () => {
  const guide = readFileSync(new URL('../http.md', import.meta.url), 'utf8')
  const section = guide.slice(guide.indexOf('### Cookies and credentials'), guide.indexOf('### Host, protocol, route'))
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  const shown = rows.flatMap((row) => Array.from(row.matchAll(/`([a-z-]+)`/g), ([, name]) => name))
  expect(shown).toHaveLength(CREDENTIAL_HEADERS.length)
  expect(new Set(shown)).toEqual(new Set(CREDENTIAL_HEADERS))
})
