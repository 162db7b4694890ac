import { expect, it } from 'vitest'
import { respond } from '../../src/frameworks/web/web-response.js'

it.each([
  [['Content-Type', 'text/plain', 'Age', '1']],
  [['Age', '1']],
  [['Content-Type', 'text/plain', 'Link', '</a>', 'link', '</b>']],
  [['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']],
  [['Content-Type', 'text/plain', '__proto__', 'x', 'constructor', 'y']],
])('a stored response has the fields that are stored: %j', async (lines) => {
  const expected = new Headers()
  for (let i = 0; i < lines.length; i += 2) expected.append(lines[i] as string, lines[i + 1] as string)
  const response = respond({ status: 203, statusText: 'Fine' }, lines, Buffer.from('body'))
  // Without a Content-Type fetch makes none of bytes.
  expect([...response.headers]).toEqual([...expected])
  expect([response.status, response.statusText, await response.text()]).toEqual([203, 'Fine', 'body'])
})
