import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export interface Page {
  /** From the repository's root, `docs/guide.md`. */
  readonly path: string
  readonly text: string
}

/** The pages at the root and under `docs/`, and the README of each package, example and application. */
export function pages(): readonly Page[] {
  const below = (folder: string): string[] => readdirSync(ROOT + folder).map((name) => folder + name)
  const readmes = ['packages/', 'examples/', 'apps/'].flatMap(below).map((folder) => `${folder}/README.md`)
  return [
    ...below(''),
    ...below('docs/'),
    ...below('docs/decisions/'),
    ...below('docs/frameworks/'),
    ...readmes,
    'benchmarks/README.md',
  ]
    .filter((path) => path.endsWith('.md') && existsSync(ROOT + path))
    .map((path) => ({ path, text: readFileSync(ROOT + path, 'utf8') }))
}
