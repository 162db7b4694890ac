// The folders of the workspace and their manifests, for tools that look at every package.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {boolean} [private]
 * @property {string} [homepage]
 * @property {string} [bugs]
 * @property {{ type?: string, url?: string, directory?: string }} [repository]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/**
 * All packages, the root first, with paths relative to the root (`.` is the root).
 * @param {string} [root]
 * @returns {{ folder: string, manifest: Manifest }[]}
 */
export function workspacePackages(root = ROOT) {
  return ['.', ...patterns(root).flatMap((pattern) => expand(root, pattern))]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) }))
}

/**
 * The list under `packages:`, whose entries are `folder` or `folder/*`.
 * @param {string} root
 */
function patterns(root) {
  const yaml = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const list = /^packages:\n((?: +- .+\n)+)/m.exec(yaml)?.[1] ?? ''
  return list.match(/(?<=- )[^\s'"]+/g) ?? []
}

/**
 * @param {string} root
 * @param {string} pattern
 */
function expand(root, pattern) {
  if (!pattern.endsWith('/*')) return [pattern]
  const parent = pattern.slice(0, -2)
  if (!existsSync(join(root, parent))) return []
  return readdirSync(join(root, parent))
    .sort()
    .map((name) => `${parent}/${name}`)
}
