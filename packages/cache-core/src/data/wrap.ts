import { InvalidKeyError, InvalidOptionError } from '../base/errors.js'
import { show } from '../base/show.js'
import type { Delivery } from '../protocol/journal.js'
import type { Key } from '../protocol/key.js'
import { checkLoader } from './loader.js'
import type { EntryOptions } from './options.js'

export interface WrapOptions<Arguments extends readonly unknown[]> extends EntryOptions {
  /** The first part of every key: the same in every process, and no other function's. Default: the function's name. */
  readonly name?: string | undefined
  /**
   * The key of a call, behind the name. Default: its arguments, each as JSON with the names of objects in order, so that
   * `1` and `'1'` differ; what JSON would not tell apart is refused.
   */
  readonly key?: ((...args: Arguments) => Key) | undefined
}

/** A function whose results are cached. */
export interface Wrapped<Arguments extends readonly unknown[], T> {
  (...args: Arguments): Promise<T>
  /** The key under which the result of these arguments stands. @throws InvalidKeyError */
  keyOf(...args: Arguments): Key
  /** Removes the result of these arguments. @throws InvalidKeyError, StoreClosedError */
  delete(...args: Arguments): Promise<Delivery>
}

/** What `wrap` needs of a cache. */
interface Caching {
  getOrSet<T>(key: Key, loader: () => T | Promise<T>): Promise<T>
  delete(key: Key): Promise<Delivery>
}

/** @throws InvalidLoaderError, InvalidOptionError naming the option. */
export function wrapFunction<Arguments extends readonly unknown[], T>(
  cache: Caching,
  fn: (...args: Arguments) => T | Promise<T>,
  { name, key }: Pick<WrapOptions<Arguments>, 'name' | 'key'>,
): Wrapped<Arguments, T> {
  checkLoader('wrap', fn)
  const first: unknown = name ?? fn.name
  if (typeof first !== 'string') throw new InvalidOptionError('name', `expected a string, got ${show(first)}`)
  if (key !== undefined && typeof key !== 'function') {
    throw new InvalidOptionError('key', `expected a function such as (user) => user.id, got ${show(key)}`)
  }
  if (first === '') throw new InvalidOptionError('name', 'missing; a function without a name needs one for its keys')
  const keyOf = (...args: Arguments): Key => {
    const rest = key === undefined ? args.map(argumentText) : key(...args)
    if (typeof rest === 'string') return [first, rest]
    if (Array.isArray(rest)) return [first, ...rest]
    throw new InvalidKeyError(`the key function of ${first} must return a string or an array, got ${show(rest)}`)
  }
  // No async function, as `getOrSet`; and no error but by its promise.
  const wrapped = (...args: Arguments): Promise<T> => {
    let asked: Key
    try {
      asked = keyOf(...args)
    } catch (error) {
      return Promise.reject(error)
    }
    return cache.getOrSet(asked, () => fn(...args))
  }
  return Object.assign(wrapped, {
    keyOf,
    delete: async (...args: Arguments): Promise<Delivery> => cache.delete(keyOf(...args)),
  })
}

/** An argument as a part of a key. @throws InvalidKeyError for what JSON does not tell apart from something else. */
function argumentText(argument: unknown): string {
  if (argument === undefined) return 'undefined'
  try {
    return jsonOf(argument)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new InvalidKeyError('an argument that refers to itself makes no key: give wrap a key function')
  }
}

function jsonOf(argument: unknown): string {
  return JSON.stringify(argument, function (this: Readonly<Record<string, unknown>>, name): unknown {
    // As it was, before a `toJSON` of its own.
    const value = this[name]
    if (isPlain(value)) return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (value === null || Array.isArray(value) || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw new InvalidKeyError(`an argument that holds ${show(value)} makes no key: give wrap a key function`)
  })
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
