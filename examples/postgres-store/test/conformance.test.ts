import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startQueryServer } from './support/query-server.js'

const conformance = dirname(createRequire(import.meta.url).resolve('@tiercel/cache-conformance/package.json'))

let server: Awaited<ReturnType<typeof startQueryServer>>
beforeAll(async () => {
  server = await startQueryServer()
})
afterAll(() => server.stop())

/** As `npx @tiercel/cache-conformance ./conformance-store.js`, but for the loader of TypeScript. */
function runCommand(): Promise<{ code: number | null; out: string }> {
  const store = fileURLToPath(new URL('./conformance-store.ts', import.meta.url))
  const loader = ['--import', 'tsx', '--conditions=@tiercel/source']
  const child = spawn(process.execPath, [...loader, join(conformance, 'src/cli.ts'), store], {
    env: { ...process.env, POSTGRES_STORE_TEST_PORT: String(server.port) },
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })))
}

describe('the PostgreSQL store', () => {
  it('keeps the contract, as the command proves', { timeout: 120_000 }, async () => {
    const { code, out } = await runCommand()
    expect(out).toContain('postgres keeps the contract: ')
    expect(out).not.toContain('✗')
    expect(code).toBe(0)
  })
})
