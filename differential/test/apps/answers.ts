/** Values of Cache-Control that handlers send, by the name of their route. */
export const CACHE_CONTROLS: Readonly<Record<string, string | readonly string[]>> = {
  'max-age': 'max-age=60',
  public: 'public, max-age=60',
  's-maxage': 'max-age=0, s-maxage=60',
  immutable: 'public, max-age=31536000, immutable',
  'no-store': 'no-store',
  'no-cache': 'no-cache',
  private: 'private, max-age=60',
  'private-field': 'private="set-cookie", max-age=60',
  'must-revalidate': 'max-age=60, must-revalidate',
  'zero-age': 'max-age=0',
  'stale-while-revalidate': 'max-age=60, stale-while-revalidate=30',
  'mixed-case': 'Public, Max-Age=60',
  'two-lines': ['public', 'max-age=60'],
  'no-transform': 'no-transform, max-age=60',
  unknown: 'something-new, max-age=60',
  broken: 'max-age=soon',
}

/** Statuses that handlers answer with. */
export const STATUSES = [
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413,
  415, 418, 422, 429, 451, 500, 501, 502, 503, 504,
] as const

/** Long enough to be compressed. */
export const LONG_TEXT = 'Compressible text, again and again. '.repeat(120)

export interface Item {
  readonly id: number
  readonly name: string
}

/** The data of the CRUD routes. A new item gets the lowest free number, so that every round has the same numbers. */
export class Items {
  readonly #items = new Map<number, Item>()

  constructor() {
    for (const name of ['apple', 'pear', 'plum']) this.add(name)
  }

  all(): Item[] {
    return [...this.#items.values()]
  }

  get(id: number): Item | undefined {
    return this.#items.get(id)
  }

  add(name: string): Item {
    let id = 1
    while (this.#items.has(id)) id++
    return this.put(id, name)
  }

  put(id: number, name: string): Item {
    const item = { id, name }
    this.#items.set(id, item)
    return item
  }

  delete(id: number): boolean {
    return this.#items.delete(id)
  }
}
