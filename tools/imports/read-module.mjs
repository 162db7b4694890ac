// A source file as the checks see it: its syntax tree, its imports, and the line of an offset.
import { readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {number} line
 * @property {boolean} typesOnly  Whether it disappears when the types are removed.
 * @property {readonly string[]} names  As the other file exports them; `*` for all.
 *
 * @typedef {object} Module
 * @property {string} file
 * @property {string} text
 * @property {import('oxc-parser').Program} program
 * @property {readonly { start: number, end: number }[]} comments
 * @property {readonly Import[]} imports
 * @property {(offset: number) => number} lineOf
 */

/**
 * @param {string} file
 * @returns {Module}
 */
export function readModule(file) {
  const text = readFileSync(file, 'utf8')
  const { program, comments } = parseSync(file, text)
  /** @param {number} offset */
  const lineOf = (offset) => text.slice(0, offset).split('\n').length
  return { file, text, program, comments, imports: importsOf(program, lineOf), lineOf }
}

/**
 * All modules that a file names: imports, re-exports, dynamic imports and types written as `import('…')`.
 * @param {import('oxc-parser').Program} program
 * @param {(offset: number) => number} lineOf
 */
function importsOf(program, lineOf) {
  /** @type {Import[]} */
  const found = []
  /**
   * @param {import('oxc-parser').Expression | import('oxc-parser').StringLiteral | null} source
   * @param {boolean} typesOnly
   * @param {readonly string[]} names
   */
  const add = (source, typesOnly, names) => {
    if (source?.type !== 'Literal' || typeof source.value !== 'string') return
    found.push({ specifier: source.value, line: lineOf(source.start), typesOnly, names })
  }
  new Visitor({
    ImportDeclaration({ source, specifiers, importKind }) {
      const types = specifiers.map((one) => one.type === 'ImportSpecifier' && one.importKind === 'type')
      add(
        source,
        importKind === 'type' || (types.length > 0 && types.every(Boolean)),
        specifiers.map((one) => (one.type === 'ImportSpecifier' ? nameOf(one.imported) : defaultOrAll(one.type))),
      )
    },
    ExportNamedDeclaration({ source, specifiers, exportKind }) {
      const typesOnly = exportKind === 'type' || specifiers.every((one) => one.exportKind === 'type')
      add(
        source,
        typesOnly,
        specifiers.map(({ local }) => nameOf(local)),
      )
    },
    ExportAllDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type', ['*']),
    ImportExpression: ({ source }) => add(source, false, ['*']),
    TSImportType: ({ source, qualifier }) => add(source, true, [qualifier === null ? '*' : firstName(qualifier)]),
  }).visit(program)
  return found
}

/** @param {import('oxc-parser').ModuleExportName} node */
function nameOf(node) {
  return node.type === 'Literal' ? node.value : node.name
}

/** @param {'ImportDefaultSpecifier' | 'ImportNamespaceSpecifier'} type */
function defaultOrAll(type) {
  return type === 'ImportDefaultSpecifier' ? 'default' : '*'
}

/**
 * @param {import('oxc-parser').TSImportTypeQualifier} qualifier
 * @returns {string}
 */
function firstName(qualifier) {
  return qualifier.type === 'TSQualifiedName' ? firstName(qualifier.left) : qualifier.name
}
