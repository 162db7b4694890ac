import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const page = await readFile(new URL('../../../docs/writing-a-store.md', import.meta.url), 'utf8')
const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
/** Beside the tests, so that the stores of the page find core. */
const folder = new URL('../test-results/writing-a-store/', import.meta.url)

/** The fenced blocks of the page in this language. */
function fenced(language: string): readonly string[] {
  return [...page.matchAll(/^```(\w*)(?: run)?\n(.*?)^```$/gms)].flatMap(([, name, body]) =>
    name === language ? [body ?? ''] : [],
  )
}

/** Saves a store of the page and runs the command over it, as its reader does. */
async function run(name: string, store: string | undefined): Promise<{ code: number | null; out: string }> {
  const file = new URL(name, folder)
  await writeFile(file, store ?? '')
  const loader = ['--import', 'tsx', '--conditions=@tiercel/source']
  const { status, stdout } = spawnSync(process.execPath, [...loader, cli, fileURLToPath(file)], { encoding: 'utf8' })
  return { code: status, out: stdout }
}

describe('docs/writing-a-store.md', () => {
  beforeAll(async () => {
    await mkdir(folder, { recursive: true })
  })

  it('shows the report that its first try gets, and explains it', { timeout: 60_000 }, async () => {
    const { code, out } = await run('first.mjs', fenced('js')[0])
    const [shown = ''] = fenced('')
    const lines = shown.split('\n').filter((line) => line !== '' && line.trim() !== '...')
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect(out).toContain(`${line}\n`)
    expect(code).toBe(1)

    // And explains each of its failures.
    const failed = [...out.matchAll(/^ {6}case {5}(.*)$/gm)].map(([, id]) => id ?? '')
    for (const id of failed) {
      const named = [id, `${id.split('/')[0]}/*`].some((name) => page.includes(`\`${name}\``))
      expect(named, `${id} is explained`).toBe(true)
    }
  })

  it('shows a repaired store that keeps the contract', { timeout: 60_000 }, async () => {
    const { code, out } = await run('second.mjs', fenced('js')[1])
    const shown = fenced('')[1]
    expect(out).toContain(shown)
    expect(code).toBe(0)
  })
})
