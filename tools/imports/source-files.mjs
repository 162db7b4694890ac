import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Whether a folder of this name holds sources: it is not installed, not built, and does not belong to a tool.
 * @param {string} name
 */
export function isOurs(name) {
  return !name.startsWith('.') && !['node_modules', 'dist', 'test-results'].includes(name)
}

/**
 * The sources in a folder and below.
 * @param {string} folder
 * @returns {string[]}
 */
export function sourceFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return isOurs(entry.name) ? sourceFiles(path) : []
      return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : []
    })
}
