// Imports run downwards: a layer of core knows only the layers below it, a package only what its family may know, and
// no file imports itself through others. `findViolations` checks a tree and returns every violation with its file, its
// line, the offending text and the rule in words. The tables of rules are in imports/.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { circlesOf } from './imports/circles.mjs'
import { isPureFile, layerRule } from './imports/core-layers.mjs'
import { familyRule } from './imports/families.mjs'
import { impuritiesOf } from './imports/purity.mjs'
import { readModule } from './imports/read-module.mjs'
import { isOurs, sourceFiles } from './imports/source-files.mjs'

/**
 * @typedef {import('./imports/read-module.mjs').Import} Import
 * @typedef {import('./imports/read-module.mjs').Module} Module
 * @typedef {{ file: string, line: number, what: string, rule: string }} Violation
 * @typedef {(imported: Import, file: string) => string | undefined} Rule  The rule that the import breaks, in words.
 */

const CORE = 'packages/cache-core'
/** Folders of packages that have a family. */
const FAMILIES_LIVE_IN = ['packages', 'examples', 'apps']

/**
 * @param {string} root
 * @returns {Violation[]}
 */
export function findViolations(root) {
  const packages = FAMILIES_LIVE_IN.flatMap((parent) => folders(root, parent))
  const sources = packages.flatMap((folder) => {
    const modules = sourceFiles(join(root, folder, 'src')).map(readModule)
    return [...importViolations(root, folder, modules), ...(folder === CORE ? impureFiles(root, modules) : [])]
  })
  const others = folders(root, '.').filter((folder) => !FAMILIES_LIVE_IN.includes(folder))
  const circles = [...packages, ...others].flatMap((folder) => circleViolations(root, folder))
  return [...sources, ...circles]
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {readonly Module[]} modules
 * @returns {Violation[]}
 */
function importViolations(root, folder, modules) {
  /** @type {Rule[]} */
  const rules = [staysInside(join(root, folder)), familyRule(root, folder)]
  if (folder === CORE) rules.push(layerRule(join(root, CORE, 'src')))
  return modules.flatMap(({ file, imports }) =>
    imports.flatMap((imported) => {
      const broken = rules.map((rule) => rule(imported, file)).find((rule) => rule !== undefined)
      if (broken === undefined) return []
      const what = `imports '${imported.specifier}'`
      return [{ file: relative(root, file), line: imported.line, what, rule: broken }]
    }),
  )
}

/**
 * @param {string} folder
 * @returns {Rule}
 */
function staysInside(folder) {
  return ({ specifier }, file) => {
    if (!specifier.startsWith('.')) return undefined
    const outside = relative(folder, resolve(dirname(file), specifier)).startsWith('..')
    return outside ? 'a package reaches another by its name, never by a path' : undefined
  }
}

/**
 * @param {string} root
 * @param {readonly Module[]} modules
 * @returns {Violation[]}
 */
function impureFiles(root, modules) {
  const rule = 'http/message and http/rules are pure: they answer at once, from what they are given'
  return modules
    .filter(({ file }) => isPureFile(join(root, CORE, 'src'), file))
    .flatMap((module) =>
      impuritiesOf(module).map(({ line, what }) => ({ file: relative(root, module.file), line, what, rule })),
    )
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {Violation[]}
 */
function circleViolations(root, folder) {
  const modules = sourceFiles(join(root, folder)).map(readModule)
  return circlesOf(modules).map(({ file, line, chain }) => ({
    file: relative(root, file),
    line,
    what: `stands in a circle, ${chain.map((each) => relative(join(root, folder), each)).join(' → ')}`,
    rule: 'no file imports itself over others, types included',
  }))
}

/**
 * @param {string} root
 * @param {string} parent
 */
function folders(root, parent) {
  if (!existsSync(join(root, parent))) return []
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isOurs(entry.name))
    .map((entry) => join(parent, entry.name))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = findViolations(process.cwd())
  for (const { file, line, what, rule } of violations) console.error(`${file}:${line} ${what}: ${rule}.`)
  if (violations.length > 0) process.exitCode = 1
}
