// Files that import themselves through others.
import { dirname, resolve } from 'node:path'

/**
 * @typedef {import('./read-module.mjs').Module} Module
 * @typedef {{ file: string, line: number, chain: readonly string[] }} Circle  `line` imports the second of the chain.
 * @typedef {Map<string, Map<string, number>>} Graph  From a file to those that it imports, with the line.
 */

/**
 * Circles to be cut until none is left, the shortest first.
 * @param {readonly Module[]} modules
 * @returns {Circle[]}
 */
export function circlesOf(modules) {
  const graph = graphOf(modules)
  /** @type {Circle[]} */
  const circles = []
  for (;;) {
    const chain = shortestCircle(graph)
    const [file = '', next = ''] = chain ?? []
    if (chain === undefined) return circles
    circles.push({ file, line: graph.get(file)?.get(next) ?? 0, chain })
    graph.get(file)?.delete(next)
  }
}

/**
 * @param {readonly Module[]} modules
 * @returns {Graph}
 */
function graphOf(modules) {
  const files = new Set(modules.map(({ file }) => file))
  return new Map(
    modules.map(({ file, imports }) => [
      file,
      new Map(
        imports.flatMap(({ specifier, line }) => {
          const target = specifier.startsWith('.') ? sourceOf(resolve(dirname(file), specifier), files) : undefined
          return target === undefined ? [] : [/** @type {const} */ ([target, line])]
        }),
      ),
    ]),
  )
}

/**
 * The source file behind an import of its build output.
 * @param {string} path
 * @param {ReadonlySet<string>} files
 */
function sourceOf(path, files) {
  return [path, path.replace(/\.([cm]?)js$/, '.$1ts'), path.replace(/\.js$/, '.tsx')].find((each) => files.has(each))
}

/** @param {Graph} graph */
function shortestCircle(graph) {
  /** @type {string[] | undefined} */
  let shortest
  for (const file of graph.keys()) {
    const chain = wayBack(graph, file)
    if (chain !== undefined && (shortest === undefined || chain.length < shortest.length)) shortest = chain
  }
  return shortest
}

/**
 * The shortest path from a file back to itself, including both ends.
 * @param {Graph} graph
 * @param {string} file
 */
function wayBack(graph, file) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map()
  const queue = [file]
  for (const here of queue) {
    for (const next of graph.get(here)?.keys() ?? []) {
      if (next === file) return [...wayTo(here, cameFrom), file]
      if (cameFrom.has(next)) continue
      cameFrom.set(next, here)
      queue.push(next)
    }
  }
  return undefined
}

/**
 * @param {string} end
 * @param {ReadonlyMap<string, string>} cameFrom
 * @returns {string[]}
 */
function wayTo(end, cameFrom) {
  const before = cameFrom.get(end)
  return before === undefined ? [end] : [...wayTo(before, cameFrom), end]
}
