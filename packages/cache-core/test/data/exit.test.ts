import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('../support/pending-calls.ts', import.meta.url))

/** Rejects when the process does not end by itself, or not well. */
function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const node = ['--import', 'tsx', '--conditions=@tiercel/source', '--unhandled-rejections=strict', script, ...args]
  return promisify(execFile)(process.execPath, node, { timeout: 50_000 })
}

it('a process may end with loads, waits and a journal under way, and nothing is printed', async () => {
  expect(await run()).toEqual({ stdout: '', stderr: '' })
})

it('a process may end after close, with all that was pending settled', async () => {
  expect(await run('close')).toEqual({ stdout: 'closed', stderr: '' })
})
