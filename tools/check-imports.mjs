// Imports run downwards: a layer of core knows only the layers below it, an adapter knows only the store contract.
// `findViolations` reads a tree and answers what breaks a rule, each with file, line, import and the rule in words.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseSync, Visitor } from 'oxc-parser'

/**
 * @typedef {{ specifier: string, line: number }} Import
 * @typedef {{ file: string, line: number, specifier: string, rule: string }} Violation
 * @typedef {(specifier: string, file: string) => string | undefined} Rule  The rule that the import breaks, in words.
 */

/** The folders of packages/cache-core/src, from the ground up. */
const LAYERS = ['base', 'store', 'entry', 'protocol', 'data', 'http', 'frameworks']

/** What touches the world. `src/http` decides and leaves the doing to the layers around it, types included. */
const IO_MODULES = new Set(
  'child_process cluster dgram dns fs http http2 https inspector net readline repl tls tty worker_threads'.split(' '),
)

/** Packages that only compute or remember, and so may stand in `src/http`. */
const NO_IO_PACKAGES = new Set(['lru-cache'])

const STORE_CONTRACT = '@tiercel/cache-core/store'

/**
 * @param {string} root
 * @returns {Violation[]}
 */
export function findViolations(root) {
  const core = join(root, 'packages/cache-core/src')
  return [
    ...check(root, core, coreRules(core)),
    ...folders(join(root, 'packages'))
      .filter((folder) => folder !== dirname(core))
      .flatMap((folder) => check(root, join(folder, 'src'), [staysInside(folder), knowsOnlyTheContract])),
    ...folders(join(root, 'examples')).flatMap((folder) =>
      check(root, join(folder, 'src'), [staysInside(folder), knowsOnlyTheContract]),
    ),
    ...folders(join(root, 'apps')).flatMap((folder) => check(root, join(folder, 'src'), [staysInside(folder)])),
  ]
}

/**
 * @param {string} core
 * @returns {Rule[]}
 */
function coreRules(core) {
  /** @param {string} path */
  const layerOf = (path) => relative(core, path).split(sep)[0] ?? ''

  /** @type {Rule} */
  const downwards = (specifier, file) => {
    if (!specifier.startsWith('.')) return undefined
    const from = LAYERS.indexOf(layerOf(file))
    const to = LAYERS.indexOf(layerOf(resolve(dirname(file), specifier)))
    // What lies directly in src is the package's front door: it may import every layer, and no layer may import it.
    if (from === -1 || (to !== -1 && to <= from)) return undefined
    const below = LAYERS.slice(0, from + 1).join(', ')
    return `the layer ${LAYERS[from]} imports only what stands below it (${below})`
  }

  /** @type {Rule} */
  const httpDoesNoIO = (specifier, file) => {
    if (layerOf(file) !== 'http' || specifier.startsWith('.')) return undefined
    const module = specifier.replace(/^node:/, '').split('/')[0] ?? ''
    if (isBuiltin(specifier) ? !IO_MODULES.has(module) : NO_IO_PACKAGES.has(specifier)) return undefined
    return 'the layer http decides and does no I/O: it imports neither a module that does, nor a framework'
  }

  /** @type {Rule} */
  const notItself = (specifier) =>
    specifier.startsWith('@tiercel/')
      ? 'core stands below every other package and names its own files by path'
      : undefined

  return [staysInside(dirname(core)), downwards, httpDoesNoIO, notItself]
}

/**
 * @param {string} folder
 * @returns {Rule}
 */
function staysInside(folder) {
  return (specifier, file) => {
    if (!specifier.startsWith('.')) return undefined
    const outside = relative(folder, resolve(dirname(file), specifier)).startsWith('..')
    return outside ? 'a package reaches another by its name, never by a path' : undefined
  }
}

/** @type {Rule} */
function knowsOnlyTheContract(specifier) {
  if (!specifier.startsWith('@tiercel/') || specifier === STORE_CONTRACT) return undefined
  return `an adapter, and what proves adapters, imports of Tiercel only ${STORE_CONTRACT}`
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {readonly Rule[]} rules
 * @returns {Violation[]}
 */
function check(root, folder, rules) {
  return sourceFiles(folder).flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) => {
      const broken = rules.map((rule) => rule(specifier, file)).find((rule) => rule !== undefined)
      return broken === undefined ? [] : [{ file: relative(root, file), line, specifier, rule: broken }]
    }),
  )
}

/**
 * Every module that a file names: imports, re-exports, dynamic imports and types written as `import('…')`.
 * @param {string} file
 * @returns {Import[]}
 */
function importsOf(file) {
  const text = readFileSync(file, 'utf8')
  /** @type {Import[]} */
  const found = []
  /** @param {{ source: unknown } | { source: unknown, start: number }} node */
  const add = (node) => {
    const source = /** @type {{ type?: string, value?: unknown, start: number } | null} */ (node.source)
    if (typeof source?.value !== 'string') return
    found.push({ specifier: source.value, line: text.slice(0, source.start).split('\n').length })
  }
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(parseSync(file, text).program)
  return found
}

/** @param {string} folder */
function folders(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = findViolations(process.cwd())
  for (const { file, line, specifier, rule } of violations)
    console.error(`${file}:${line} imports '${specifier}': ${rule}.`)
  if (violations.length > 0) process.exitCode = 1
}
