import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const NOT_OURS = new Set(['node_modules', 'dist', 'test-results', '.turbo'])

/**
 * The scripts in a folder and below, what is installed and built aside.
 * @param {string} folder
 * @returns {string[]}
 */
export function sourceFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourceFiles(path)
      return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : []
    })
}
