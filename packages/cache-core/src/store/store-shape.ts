import { shape } from '../base/option-kinds.js'
import { CAPABILITY_NAMES, type StoreCapabilities } from './capabilities.js'
import type { Store } from './store.js'

// An optional method may be missing.
type MethodName = {
  [Name in keyof Store]-?: Store[Name] extends (...args: never) => unknown ? Name : never
}[keyof Store]
type MeasureName = {
  [Name in keyof StoreCapabilities]: StoreCapabilities[Name] extends number ? Name : never
}[keyof StoreCapabilities]

// Records, so that a new method or capability of the contract does not compile until it is listed here.
const METHODS = Object.keys({
  get: true,
  set: true,
  add: true,
  compareAndSet: true,
  delete: true,
  compareAndDelete: true,
  touch: true,
  getMany: true,
  setMany: true,
  deleteMany: true,
  increment: true,
  ping: true,
  publish: true,
  subscribe: true,
  purge: true,
  close: true,
} satisfies Record<MethodName, true>)

const MEASURES = Object.keys({
  ttlResolutionMs: true,
  maxKeyBytes: true,
  maxValueBytes: true,
} satisfies Record<MeasureName, true>)

/** What a store written by hand, perhaps in JavaScript, lacks of the contract: methods as `touch()`, declarations by name. */
export function missingFrom(store: object): string[] {
  const members = store as Readonly<Record<string, unknown>>
  const missing = METHODS.filter((name) => typeof members[name] !== 'function').map((name) => `${name}()`)
  if (typeof members.name !== 'string') missing.push('name')
  const { capabilities } = members
  if (typeof capabilities !== 'object' || capabilities === null) return [...missing, 'capabilities']
  const declared = capabilities as Readonly<Record<string, unknown>>
  return [
    ...missing,
    ...CAPABILITY_NAMES.filter((name) => typeof declared[name] !== 'boolean').map((name) => `capabilities.${name}`),
    ...MEASURES.filter((name) => !(typeof declared[name] === 'number' && declared[name] >= 0)).map(
      (name) => `capabilities.${name}`,
    ),
  ]
}

/** Accepts whatever is meant as a store, complete or not: `missingFrom` says what it lacks. */
export const storeOption = shape<Store>('a store, for example memoryStore()', (value) => {
  if (typeof value !== 'object' || value === null) return false
  return ('get' in value && typeof value.get === 'function') || ('capabilities' in value && 'name' in value)
})
