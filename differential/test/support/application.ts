import type { IncomingMessage } from 'node:http'
import type { HttpCache } from '@tiercel/cache-core/http'
import type { Exemption } from './exemptions.js'
import { Signals } from './signals.js'

/** Where the cache stands among the layers of an application. */
export type Place = 'outside of all' | 'between' | 'inside of all'

/** The request field that names the exchange; no handler answers by it. */
export const EXCHANGE = 'x-exchange'

/** What an application is started with: the only difference between its two runs is `cache`. */
export interface Site {
  readonly cache: { readonly engine: HttpCache; readonly place: Place } | undefined
  readonly signals: Signals
  /** What the exchange of this request did where the client cannot see it: a line of a log, an event, a context. */
  note(req: Pick<IncomingMessage, 'headers'>, text: string): void
}

export interface Running {
  readonly port: number
  close(): Promise<void>
}

export interface Application {
  readonly name: string
  readonly places: readonly Place[]
  start(site: Site): Promise<Running>
  /** Cookies whose values are random, by name. */
  readonly randomCookies?: readonly string[]
  /** What is meant to differ in this framework alone. */
  readonly exemptions?: readonly Exemption[]
  /** Targets that this application does not have, of those that scripts ask for. */
  readonly lacks?: RegExp
  /** Where this framework answers with another status than a script says, by the name of the exchange. */
  readonly statuses?: Readonly<Record<string, number>>
}

export class Notes {
  readonly #byExchange = new Map<string, string[]>()

  add(exchange: string, text: string): void {
    this.#byExchange.set(exchange, [...this.of(exchange), text])
  }

  of(exchange: string): readonly string[] {
    return this.#byExchange.get(exchange) ?? []
  }
}

export function newSite(cache: Site['cache'], notes: Notes): Site {
  return {
    cache,
    signals: new Signals(),
    note: ({ headers }, text) => notes.add(exchangeOf({ headers }), text),
  }
}

export function exchangeOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return String(headers[EXCHANGE] ?? 'a request without a name')
}
