// Families of packages: which packages of Tiercel each may import.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Visitor } from 'oxc-parser'
import { readModule } from './read-module.mjs'

/**
 * @typedef {object} Family
 * @property {string} name
 * @property {RegExp} folders  Of the workspace. The first row that matches gives the family of a package.
 * @property {RegExp} may  The modules of Tiercel, of any package, that it may import.
 * @property {string} rule  In words.
 * @property {string} [typesOf]  It may import nothing but the types that this file exports.
 */

const CONTRACT = /^@tiercel\/cache-core\/(store(-kit)?|testing)$/
const FRONT_DOORS = /^@tiercel\/cache-(?!conformance)[^/]+(?!\/store(-kit)?$)(\/[^/]+)?$/

/** @type {readonly Family[]} */
const FAMILIES = [
  {
    name: 'core',
    folders: /^packages\/cache-core$/,
    may: /^$/,
    rule: 'core stands below every other package and names its own files by path',
  },
  {
    name: 'store',
    folders: /^(packages\/cache-(couchbase|hazelcast|memcached|redis|conformance)|examples\/[^/]+-store)$/,
    may: CONTRACT,
    rule: 'a store, and what proves stores, imports of Tiercel only @tiercel/cache-core/store, /store-kit and /testing',
  },
  {
    name: 'observer',
    folders: /^packages\/(cache-(opentelemetry|prometheus)|observer-[^/]+)$/,
    may: /^@tiercel\/cache-core$/,
    typesOf: 'packages/cache-core/src/base/diagnostics.ts',
    rule: 'an observer imports of Tiercel only the types of diagnostics, from @tiercel/cache-core',
  },
  {
    name: 'facade or command',
    folders: /^packages\/(facade-[^/]+|command)$/,
    may: FRONT_DOORS,
    rule: 'a facade, and the command, imports the front doors and leaves the store contract to stores',
  },
  {
    name: 'application',
    folders: /^(apps|examples)\/[^/]+$/,
    may: FRONT_DOORS,
    rule: 'an application imports the front doors and leaves the store contract to stores',
  },
]

const NO_FAMILY = 'a package belongs to a family: its row in tools/imports/families.mjs says what it may import'

/** @param {string} folder */
function familyOf(folder) {
  return FAMILIES.find(({ folders }) => folders.test(folder))
}

/**
 * The rule of its family that an import breaks, in words.
 * @param {string} root
 * @param {string} folder  The package's, relative to the root.
 * @returns {(imported: import('./read-module.mjs').Import) => string | undefined}
 */
export function familyRule(root, folder) {
  const family = familyOf(folder)
  const types = family?.typesOf === undefined ? undefined : exportsOf(join(root, family.typesOf))
  return ({ specifier, typesOnly, names }) => {
    if (!specifier.startsWith('@tiercel/')) return undefined
    if (family === undefined) return NO_FAMILY
    if (!family.may.test(specifier)) return family.rule
    if (types === undefined || (typesOnly && names.every((name) => types.has(name)))) return undefined
    return family.rule
  }
}

/** @param {string} file */
function exportsOf(file) {
  /** @type {Set<string>} */
  const names = new Set()
  if (!existsSync(file)) return names
  new Visitor({
    ExportNamedDeclaration({ declaration }) {
      if (declaration !== null && 'id' in declaration && declaration.id?.type === 'Identifier') {
        names.add(declaration.id.name)
      }
    },
  }).visit(readModule(file).program)
  return names
}
