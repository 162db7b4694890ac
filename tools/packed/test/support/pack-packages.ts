import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { runWell } from './run.js'

/** A package as npm would get it. */
export interface Packed {
  readonly name: string
  readonly tarball: string
  /** What is in the tarball. */
  readonly folder: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Every package that is published. */
    packed: readonly Packed[]
  }
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** Packs every published package, once for all test files, as `pnpm publish` does. Expects a build: turbo has made one. */
export default async function packPackages({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'tiercel-packed-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const pack = ['tools/pnpm.mjs', '--filter', './packages/*', 'pack', '--pack-destination', folder]
    await runWell(process.execPath, pack, { cwd: ROOT })
    const tarballs = readdirSync(folder).map((file) => join(folder, file))
    provide('packed', await Promise.all(tarballs.map(unpack)))
  } catch (error) {
    remove()
    throw error
  }
  return remove
}

async function unpack(tarball: string): Promise<Packed> {
  const folder = join(tarball, '..', basename(tarball, '.tgz'))
  mkdirSync(folder)
  await runWell('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], { cwd: folder })
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string }
  return { name, tarball, folder }
}
