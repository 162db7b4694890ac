// The layers of core, the rooms inside them, and the doors: names that only certain files may import.
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

/**
 * @typedef {import('./read-module.mjs').Import} Import
 * @typedef {{ layer: string, room: string, path: string }} Place  A file of core: `path` is relative to src.
 * @typedef {(imported: Import, from: Place, to: Place | undefined) => string | undefined} Rule  The broken rule in
 * words.
 */

/** The folders of packages/cache-core/src, lowest first. Layers on one floor do not know each other. */
const FLOORS = [['base'], ['store'], ['entry'], ['protocol'], ['data', 'http'], ['frameworks', 'testing', 'audit']]

/**
 * The rooms of a layer, and the other rooms of the layer that each may import. '' stands for the layer's own folder; an
 * index.ts only re-exports and may import every room.
 * @type {Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>}
 */
const ROOMS = {
  store: { '': [], kit: [''], guard: ['', 'kit'], memory: ['', 'kit'] },
  http: { message: [], rules: ['message'], engine: ['message', 'rules'] },
}

/** Rooms whose functions return at once and depend on their arguments only. */
const PURE_ROOMS = ['http/message', 'http/rules']
/** Layers that a pure room may import, beside its own. */
const PURE_LAYERS = ['base']
/** Modules of Node that only compute. */
const PURE_MODULES = new Set(['buffer', 'crypto', 'querystring', 'url', 'util'])

/**
 * Modules that do I/O. `src/http` decides and leaves I/O to the layers around it; even their types are not imported.
 */
const IO_MODULES = new Set(
  'child_process cluster dgram dns fs http http2 https inspector net readline repl tls tty worker_threads'.split(' '),
)
/** Packages that only compute or remember, so `src/http` may import them. */
const NO_IO_PACKAGES = new Set(['lru-cache', 'structured-headers'])
/** Those of them that only compute, so the pure rooms may import them, too. */
const PURE_PACKAGES = new Set(['structured-headers'])

/**
 * Names that, among the files of some layers, only certain ones may import. A rule applies once the first of those
 * files exists.
 */
const DOORS = [
  {
    name: 'GuardedStore',
    layers: ['protocol', 'data', 'http'],
    only: ['protocol/slots.ts', 'protocol/lease.ts'],
    rule: 'protocol/slots.ts is the one door to a slot: nothing else above the store holds a GuardedStore',
  },
]

/** @type {Rule} */
function downwards({ typesOnly }, from, to) {
  if (to === undefined || from.layer === to.layer) return undefined
  const floor = floorOf(from.layer)
  // Files directly in src are the package's front door: they may import every layer, and no layer may import them.
  if (floor === -1 || (floorOf(to.layer) !== -1 && floorOf(to.layer) < floor)) return undefined
  if (from.layer === 'http' && to.layer === 'data') {
    return typesOnly
      ? undefined
      : 'data and http do not import each other: http gets the engine of a cache, and may name types of data'
  }
  if (from.layer === 'data' && to.layer === 'http')
    return 'data and http do not import each other: data imports nothing of http, types included'
  return `the layer ${from.layer} imports only what stands below it (${[...FLOORS.slice(0, floor).flat(), from.layer].join(', ')})`
}

/** @type {Rule} */
function roomByRoom(_, from, to) {
  const rooms = ROOMS[from.layer]
  if (rooms === undefined || from.layer !== to?.layer || from.room === to.room || isDoor(from)) return undefined
  if (rooms[from.room]?.includes(to.room) && !isDoor(to)) return undefined
  const known = [...(rooms[from.room] ?? []), from.room].map((room) => [from.layer, room].filter(Boolean).join('/'))
  return `the room ${[from.layer, from.room].filter(Boolean).join('/')} imports of its layer only ${known.join(', ')}`
}

/** @type {Rule} */
function pureRoom({ specifier }, from, to) {
  if (!isPure(from)) return undefined
  const fine =
    to === undefined
      ? PURE_PACKAGES.has(specifier) || (isBuiltin(specifier) && PURE_MODULES.has(moduleOf(specifier)))
      : PURE_LAYERS.includes(to.layer) || isPure(to) || from.layer === to.layer
  return fine ? undefined : `${PURE_ROOMS.join(' and ')} are pure: they import only each other, base and what computes`
}

/** @type {Rule} */
function httpDoesNoIO({ specifier }, from, to) {
  if (from.layer !== 'http' || to !== undefined || specifier.startsWith('.')) return undefined
  if (isBuiltin(specifier) ? !IO_MODULES.has(moduleOf(specifier)) : NO_IO_PACKAGES.has(specifier)) return undefined
  return 'the layer http decides and does no I/O: it imports neither a module that does, nor a framework'
}

/**
 * @param {string} core
 * @returns {Rule}
 */
function throughTheDoor(core) {
  const doors = DOORS.filter(({ only: [first = ''] }) => existsSync(join(core, first)))
  return ({ names }, from, to) =>
    doors.find(
      ({ name, layers, only }) =>
        layers.includes(from.layer) &&
        !only.includes(from.path) &&
        (names.includes(name) || (names.includes('*') && to?.layer === 'store')),
    )?.rule
}

/**
 * The rule of core's layers that an import breaks, in words.
 * @param {string} core  The folder src.
 * @returns {(imported: Import, file: string) => string | undefined}
 */
export function layerRule(core) {
  const rules = [downwards, pureRoom, roomByRoom, httpDoesNoIO, throughTheDoor(core)]
  return (imported, file) => {
    const from = placeOf(core, file)
    const to = imported.specifier.startsWith('.')
      ? placeOf(core, resolve(dirname(file), imported.specifier).replace(/\.js$/, '.ts'))
      : undefined
    return rules.map((rule) => rule(imported, from, to)).find((broken) => broken !== undefined)
  }
}

/**
 * Whether the functions of a file of core return at once and depend on their arguments only.
 * @param {string} core
 * @param {string} file
 */
export function isPureFile(core, file) {
  return isPure(placeOf(core, file))
}

/** @param {Place} place */
function isPure({ layer, room }) {
  return PURE_ROOMS.includes(`${layer}/${room}`)
}

/** @param {Place} place */
function isDoor({ path }) {
  return path.endsWith(`${sep}index.ts`)
}

/** @param {string} layer */
function floorOf(layer) {
  return FLOORS.findIndex((floor) => floor.includes(layer))
}

/** @param {string} specifier */
function moduleOf(specifier) {
  return specifier.replace(/^node:/, '').split('/')[0] ?? ''
}

/**
 * @param {string} core
 * @param {string} file
 * @returns {Place}
 */
function placeOf(core, file) {
  const path = relative(core, file)
  const [layer = '', ...inside] = path.split(sep)
  return { layer, room: inside.length > 1 ? (inside[0] ?? '') : '', path }
}
