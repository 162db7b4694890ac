// No file has more than 300 lines of code. Blank lines and comments do not count.
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readModule } from './imports/read-module.mjs'
import { sourceFiles } from './imports/source-files.mjs'

const MAX_LINES = 300

/** @typedef {{ file: string, line: number, count: number }} LongFile  `line` is the first one beyond the limit. */

/**
 * @param {string} root
 * @returns {LongFile[]}
 */
export function findLongFiles(root) {
  return sourceFiles(root).flatMap((path) => {
    const lines = codeLines(readModule(path))
    const line = lines[MAX_LINES]
    return line === undefined ? [] : [{ file: relative(root, path), line, count: lines.length }]
  })
}

/**
 * The numbers of the lines that hold code.
 * @param {import('./imports/read-module.mjs').Module} module
 */
function codeLines({ text, comments }) {
  const bare = comments.reduceRight(
    (code, { start, end }) => code.slice(0, start) + code.slice(start, end).replace(/[^\n]/g, ' ') + code.slice(end),
    text,
  )
  return bare.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [index + 1]))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const long = findLongFiles(process.cwd())
  for (const { file, line, count } of long)
    console.error(
      `${file}:${line} is line ${MAX_LINES + 1} of ${count} lines of code: a file has ${MAX_LINES} at most.`,
    )
  if (long.length > 0) process.exitCode = 1
}
