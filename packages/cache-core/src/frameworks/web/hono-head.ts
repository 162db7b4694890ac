import type { Context } from 'hono'
import type { HeadLog } from '../../http/rules/head-changes.js'

export interface HonoHeadWatch {
  readonly log: HeadLog
  /** Restores the context. */
  readonly stop: () => void
}

interface WritableLog extends HeadLog {
  readonly set: Set<string>
  readonly appended: Set<string>
  readonly removed: Set<string>
}

/** Methods that take `(data, init or status, headers)` and make a response from these and the fields that are set. */
const MAKERS = ['newResponse', 'body', 'text', 'json', 'html'] as const
type Maker = (...values: unknown[]) => unknown
type Fields = Readonly<Record<string, unknown>> | Headers | readonly (readonly string[])[] | undefined

/** Those that set a Content-Type by themselves. */
const TYPED: ReadonlySet<string> = new Set(['text', 'json', 'html'])

/**
 * Records what the handler and the layers inside do to the fields of a response. Comparing before and after would not show all
 * of it: a field may be set to the value that it had.
 * @param before The fields that layers outside have set.
 */
export function watchHead(c: Context, before: Headers): HonoHeadWatch {
  const log: WritableLog = { set: new Set(), appended: new Set(), removed: new Set() }
  const own = c as unknown as Record<(typeof MAKERS)[number], Maker>
  const originals = Object.fromEntries(MAKERS.map((name) => [name, own[name]]))
  const { header } = c
  const res = accessor(c)
  const made = new WeakSet<object>()
  const watched = new WeakSet<Headers>()
  let watching = true
  /** Whether Hono merges the fields that are set over those of a new response: it does once there is a response. */
  let overrules = hasResponse(c, before)

  const note = (how: keyof HeadLog, name: string): void => {
    const key = name.toLowerCase()
    if (!watching || (how === 'set' && log.set.has(key))) return
    if (how === 'removed') for (const other of [log.set, log.appended]) other.delete(key)
    else log.removed.delete(key)
    log[how].add(key)
  }
  /** Records fields of a new response that is not on the context yet. */
  const noteMade = (how: keyof HeadLog, name: string): void => {
    if (name === 'content-type' || !overrules || !before.has(name)) note(how, name)
  }
  const remember = (response: unknown): unknown => {
    made.add(response as object)
    return response
  }
  const watchFields = (headers: Headers): void => {
    if (watched.has(headers)) return
    watched.add(headers)
    for (const [method, how] of CHANGES) {
      const change = headers[method].bind(headers) as (name: string, value?: string) => void
      Object.defineProperty(headers, method, {
        configurable: true,
        value: (name: string, value?: string) => {
          note(how, name)
          change(name, value)
        },
      })
    }
  }

  c.header = (name, value, options) => {
    note(value === undefined ? 'removed' : options?.append ? 'appended' : 'set', name)
    header(name, value as string, options)
  }
  for (const name of MAKERS) {
    const make = own[name]
    own[name] = (data, init, headers) => {
      if (TYPED.has(name)) note('set', 'content-type')
      const fields =
        typeof init === 'object' && init !== null ? (init as { readonly headers?: Fields }).headers : undefined
      for (const field of namesOf(fields)) noteMade(field === 'set-cookie' ? 'appended' : 'set', field)
      for (const field of namesOf(headers as Fields)) noteMade('set', field)
      const response = make(data, init, headers)
      return response instanceof Promise ? response.then(remember) : remember(response)
    }
  }
  Object.defineProperty(c, 'res', {
    configurable: true,
    get: () => {
      overrules = true
      const response = res.get.call(c) as Response
      watchFields(response.headers)
      return response
    },
    set: (response: Response | undefined) => {
      // A response that was made without the context replaces all fields that were set.
      if (response !== undefined && !made.has(response) && !overrules) {
        for (const name of response.headers.keys()) note('set', name)
      }
      res.set.call(c, response)
      overrules = response !== undefined
    },
  })

  const stop = (): void => {
    watching = false
    Object.assign(c, originals, { header })
    Reflect.deleteProperty(c, 'res')
  }
  return { log, stop }
}

const CHANGES = [
  ['set', 'set'],
  ['append', 'appended'],
  ['delete', 'removed'],
] as const

/** A field that nobody else uses. */
const MARK = 'x-tiercel-mark'

/**
 * Whether a layer outside has read `c.res`, which makes a response. Found out without reading it: as long as there is none,
 * `newResponse` changes the fields that are set, and not a copy of them.
 */
function hasResponse(c: Context, before: Headers): boolean {
  if ([...before.keys()].length === 0) return false
  c.newResponse(null, { headers: { [MARK]: '1' } })
  const left = c.newResponse(null).headers.has(MARK)
  if (left) c.header(MARK, undefined)
  return !left
}

/** The accessor of the prototype. An own property would belong to a watch further out. */
function accessor(c: Context): { readonly get: () => unknown; readonly set: (response: unknown) => void } {
  for (let holder: object | null = Object.getPrototypeOf(c); holder !== null; holder = Object.getPrototypeOf(holder)) {
    const { get, set } = Object.getOwnPropertyDescriptor(holder, 'res') ?? {}
    if (get !== undefined && set !== undefined) return { get, set }
  }
  throw new TypeError('a context of Hono has a response')
}

function namesOf(fields: Fields): string[] {
  if (fields === undefined || fields === null) return []
  if (fields instanceof Headers) return [...fields.keys()]
  const names = Array.isArray(fields) ? fields.map(([name]) => name) : Object.keys(fields)
  return names.map((name) => String(name).toLowerCase())
}
