import { expect } from 'vitest'

/** The end of the script of a `server`: two requests, the second of which is printed. Then the process ends by itself. */
export const ASK_TWICE = `
if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
const url = \`http://127.0.0.1:\${server.address().port}/api/items\`
await (await fetch(url)).text()
const second = await fetch(url)
console.log(second.headers.get('cache-status'), await second.text())
server.close()
server.closeAllConnections()
`

export const SECOND_WAS_A_HIT = { code: 0, stdout: expect.stringMatching(/; hit.* made just now\n$/), stderr: '' }
