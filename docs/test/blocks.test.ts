import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { codeBlocks, promisedOutput } from './support/code-blocks.js'
import { makeWorld } from './support/world.js'

// Each block as a module of its own, beside the stand-ins for what the reader would have written.
const FOLDER = fileURLToPath(new URL('.blocks/', import.meta.url))
const blocks = codeBlocks().map((block) => ({
  ...block,
  file: `${block.at.replaceAll(/[^\w]+/g, '-')}.${block.language}`,
}))

rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER)
for (const { file, code } of blocks) writeFileSync(FOLDER + file, `${code}\nexport {}\n`)
writeFileSync(
  `${FOLDER}tsconfig.json`,
  JSON.stringify({
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      // JavaScript is read for its syntax only.
      allowJs: true,
      // Nest's.
      experimentalDecorators: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      rootDirs: ['.', '../stand-ins', '../../../examples/postgres-store/src'],
    },
    include: ['*.ts', '*.js', '../support/taken-for-granted.d.ts', '../stand-ins'],
  }),
)

describe('code blocks of the documentation', () => {
  it('are there to be checked', () => {
    expect(blocks.length).toBeGreaterThan(20)
    expect(blocks.filter(({ run }) => run).length).toBeGreaterThan(10)
  })

  const problems = typeProblems()

  it.each(blocks)('$at has no type error', ({ file }) => {
    expect(problems.filter((line) => line.startsWith(file))).toEqual([])
  })

  it('could be read by the compiler at all', () => {
    // Errors of other files of the repository, `../…`, are those of their own packages.
    const elsewhere = (line: string): boolean =>
      line.startsWith('../') || blocks.some(({ file }) => line.startsWith(file))
    expect(problems.filter((line) => !elsewhere(line))).toEqual([])
  })
})

describe('code blocks that run', () => {
  afterEach(() => vi.restoreAllMocks())

  it.each(blocks.filter(({ run }) => run))('$at does what its comments say', async ({ file, code }) => {
    const printed: string[] = []
    vi.spyOn(console, 'log').mockImplementation((...values) => {
      printed.push(
        values
          .map((value) =>
            typeof value === 'string' ? value : inspect(value, { breakLength: Number.POSITIVE_INFINITY }),
          )
          .join(' '),
      )
    })
    const endWorld = makeWorld()
    try {
      await import(/* @vite-ignore */ FOLDER + file)
    } finally {
      await endWorld()
    }
    const promised = promisedOutput(code)
    expect(printed.map((line, index) => (promised[index] === undefined ? undefined : line))).toEqual(promised)
  })
})

/** What `tsc` says of all blocks, a text for each error, the file first. */
function typeProblems(): readonly string[] {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, '-p', FOLDER, '--pretty', 'false'], {
    cwd: FOLDER,
    encoding: 'utf8',
  })
  // Indented lines go on with what stands before them.
  const lines = `${stdout}${stderr}`.split(/\n(?!\s)/).filter((line) => line.trim() !== '')
  if (status !== 0 && lines.length === 0) return [`tsc ended with ${status} and said nothing`]
  return lines
}
