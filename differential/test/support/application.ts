import type { IncomingMessage } from 'node:http'
import type { HttpCache } from '@tiercel/cache-core/http'
import type { Exemption } from './exemptions.js'
import { Signals } from './signals.js'

/** Where the cache stands among the layers of an application. */
export type Place = 'outside of all' | 'between' | 'inside of all'

/** The request field that names the exchange. No handler's answer depends on it. */
export const EXCHANGE = 'x-exchange'

/** What an application is started with. Its two runs differ only in `cache`. */
export interface Site {
  readonly cache: { readonly engine: HttpCache; readonly place: Place } | undefined
  readonly signals: Signals
  /**
   * Notes what the exchange of this request did where the client cannot see it: a line of a log, an event, a context.
   */
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
  /** Names of cookies whose values are random. */
  readonly randomCookies?: readonly string[]
  /** Intended differences of this framework alone. */
  readonly exemptions?: readonly Exemption[]
  /** Targets of scripts that this application does not have. */
  readonly lacks?: RegExp
  /** Statuses of this framework that differ from those in a script, by the name of the exchange. */
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
