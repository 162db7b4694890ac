import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Report } from '../src/report/report.js'

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const support = (name: string): string => fileURLToPath(new URL(`./support/${name}`, import.meta.url))
const memory = support('memory-module.ts')
const broken = support('broken-module.ts')

/** Runs the command as a person would. */
function run(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@tiercel/source', cli, ...args])
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

describe.concurrent('cache-conformance', () => {
  it('ends with 0 for a store that keeps the contract, in processes too', async () => {
    const { code, out, err } = await run(memory)
    expect(err).toBe('')
    expect(out).toContain('memory keeps the contract: ')
    expect(out).toContain('1. Bytes come back equal: 8 passed')
    expect(out).toContain('✓ nothing is printed, no rejection is left unhandled')
    expect(out).toContain('- a message of another process arrives (skipped: the store declares shared: false)')
    expect(out).toContain('| 1. Bytes come back equal | 8 passed |  |')
    expect(code).toBe(0)
  }, 60_000)

  it('ends with 1 for a store that does not, and says what was expected and seen', async () => {
    const { code, out } = await run(broken, '--only', 'bytes/empty', '--only', 'lifetime/set')
    expect(out).toContain(
      [
        '1. Bytes come back equal: 1 failed',
        '  ✗ an empty value is a value and not a miss, however it was written',
        '      case     bytes/empty',
        '      where    get of an empty value written by set',
        '      expected no bytes',
        '      seen     a miss',
      ].join('\n'),
    )
    expect(out).toContain('      expected a miss (undefined)\n      seen     5 bytes 76616c7565')
    expect(out).toContain('broken does not keep the contract: 2 failed')
    expect(out).toContain('Run one case again: cache-conformance ')
    expect(out).toContain('--only bytes/empty')
    expect(code).toBe(1)
  })

  it('prints JSON and nothing else', async () => {
    const { code, out } = await run(broken, '--only', 'bytes/empty', '--only', 'capabilities/shared', '--json')
    const report = JSON.parse(out) as Report
    expect(report).toMatchObject({ store: 'broken', passed: 0, failed: 1, skipped: 1 })
    expect(report.cases[0]).toMatchObject({
      id: 'bytes/empty',
      promise: 1,
      outcome: 'failed',
      expected: 'no bytes',
      seen: 'a miss',
    })
    expect(report.cases[1]).toMatchObject({ outcome: 'skipped', excuse: 'the store declares shared: false' })
    expect(code).toBe(1)
  })

  it('prints a table for a README', async () => {
    const { out } = await run(broken, '--only', 'bytes', '--only', 'capabilities/shared', '--markdown')
    expect(out).toMatch(/^\| Promise \| Cases \| Skipped \|\n\| --- \| --- \| --- \|\n/)
    expect(out).toContain('| 1. Bytes come back equal | **1 failed**, 7 passed |  |')
    expect(out).toContain('| 0 passed | 1: the store declares shared: false |')
  })

  it('runs a group of cases, or one', async () => {
    const { code, out } = await run(memory, '--only', 'operations/', '--only', 'bytes/empty', '--json')
    const ids = (JSON.parse(out) as Report).cases.map(({ id }) => id)
    expect(ids).toContain('bytes/empty')
    expect(ids.filter((id) => id !== 'bytes/empty').every((id) => id.startsWith('operations/'))).toBe(true)
    expect(code).toBe(0)
  })

  it('lists the cases and explains itself', async () => {
    const [list, help] = [await run('--list'), await run('--help')]
    expect(list.out).toContain('bytes/empty: an empty value is a value and not a miss')
    expect(help.out).toContain('Usage: cache-conformance <module>')
    expect([list.code, help.code]).toEqual([0, 0])
  })

  it.each([
    [[], /^cache-conformance: name the module of the store/],
    [['a.js', 'b.js'], /^cache-conformance: one module at a time/],
    [['a.js', '--jsn'], /^cache-conformance: Unknown option '--jsn'; see cache-conformance --help$/],
    [['a.js', '--only', 'byte'], /^cache-conformance: there is no case or group 'byte'/],
    [['nowhere.js'], /^cache-conformance: nowhere\.js: Cannot find module/],
    [[support('no-default-module.ts')], /the module has no default export that makes a store/],
    [[support('no-store-module.ts')], /the factory did not make a store: what it returned has no `capabilities`/],
  ])('ends with 2 and one sentence for %j', async (args, sentence) => {
    const { code, out, err } = await run(...args)
    expect(err.trim()).toMatch(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(out).toBe('')
    expect(code).toBe(2)
  })
})
