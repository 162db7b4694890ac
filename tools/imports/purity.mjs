// Finds what makes a function asynchronous, or dependent on more than its arguments.
import { Visitor } from 'oxc-parser'

/** @typedef {{ line: number, what: string }} Impurity */

/** Types and values of a later answer, and functions that run something later. */
const LATER = new Set(
  (
    'Promise PromiseLike Awaited AsyncIterable AsyncIterator AsyncGenerator AsyncIterableIterator ReadableStream ' +
    'setTimeout setInterval setImmediate queueMicrotask'
  ).split(' '),
)
/** What a caller did not pass in: the time, chance, the process, the network, the console. */
const FROM_OUTSIDE = new Set(['performance', 'process', 'globalThis', 'fetch', 'console'])
const FROM_OUTSIDE_MEMBERS = new Set(['Date.now', 'Math.random'])

/**
 * @param {import('./read-module.mjs').Module} module
 * @returns {Impurity[]}
 */
export function impuritiesOf({ program, lineOf }) {
  /** @type {Impurity[]} */
  const found = []
  /** Names of members, which are not globals even where they have the same name. @type {Set<number>} */
  const memberNames = new Set()
  /**
   * @param {{ start: number }} node
   * @param {string} what
   */
  const add = ({ start }, what) => found.push({ line: lineOf(start), what })
  /** @param {{ start: number, async: boolean }} node */
  const asyncFunction = (node) => {
    if (node.async) add(node, 'has an async function')
  }
  /** @param {{ key: { start: number }, computed: boolean }} node */
  const named = ({ key, computed }) => {
    if (!computed) memberNames.add(key.start)
  }

  new Visitor({
    FunctionDeclaration: asyncFunction,
    FunctionExpression: asyncFunction,
    ArrowFunctionExpression: asyncFunction,
    AwaitExpression: (node) => add(node, 'awaits'),
    ForOfStatement(node) {
      if (node.await) add(node, 'awaits')
    },
    ImportExpression: (node) => add(node, 'imports later'),
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
        add(node, 'reads Date')
      }
    },
    Property(node) {
      // `{ fetch }` refers to the variable, too.
      if (!node.shorthand) named(node)
    },
    PropertyDefinition: named,
    MethodDefinition: named,
    TSPropertySignature: named,
    TSMethodSignature: named,
    MemberExpression({ object, property, computed }) {
      if (computed || property.type !== 'Identifier') return
      memberNames.add(property.start)
      if (object.type !== 'Identifier') return
      const member = `${object.name}.${property.name}`
      if (FROM_OUTSIDE_MEMBERS.has(member)) add(object, `reads ${member}`)
    },
    Identifier({ name, start }) {
      if (memberNames.has(start)) return
      if (LATER.has(name)) add({ start }, `names ${name}`)
      if (FROM_OUTSIDE.has(name)) add({ start }, `reads ${name}`)
    },
  }).visit(program)
  return found
}
