import type { Loaded } from '../../protocol/call.js'
import type { UrlKey } from '../rules/key.js'
import type { Exchange, Rerun } from './exchange.js'
import type { Forward, StandIn } from './pass.js'
import type { Resource, UrlText } from './resource.js'
import type { StoredResponse } from './stored-response.js'

/** One request whose handler runs for others, too. */
export interface FillRequest extends RunRequest {
  /** The URL as it stood before the handler ran: a purge in between voids what is stored under its version. */
  readonly resource: Resource
}

/** @param reason Why it is for this client alone; `undefined`: it is for others, too. */
export type Deliver = (response: StoredResponse, reason: string | undefined) => void

/** What a run needs to know, wherever its response is kept. */
export interface RunRequest {
  readonly exchange: Pick<Exchange, 'request' | 'methodNow'> & Rerun
  /** Where it goes to nobody: then a failure is no response, and what stands there stays. */
  readonly behind?: true
  /** Takes what a run that goes to nobody brings, where one client waits for it. */
  readonly deliver?: Deliver | undefined
  /** Runs the handler again, without conditions, for the same client. Absent where there is no way to it. */
  readonly anew?: ((deliver: Deliver) => Promise<Loaded>) | undefined
  readonly key: UrlKey
  readonly url: UrlText
  /** The parts that every variant of it has for this request: `ownParts`. */
  readonly own: readonly string[]
  /** Where it is looked for: the slot on which a lease sits. */
  readonly variantSlot: string
  readonly forward: Forward
  /** What is stored, and is to be asked about: whether it still holds. */
  readonly stored?: StoredResponse | undefined
  /** Other variants that are at hand: the handler may say that it would answer with one of these. */
  readonly offered?: readonly StoredResponse[] | undefined
  /** What its client gets in place of a failure; then what stands there stays. */
  readonly standIn?: StandIn | undefined
  /** A stored part of it, to which its answer may be added. */
  readonly beside?: StoredResponse | undefined
  /** Whether the handler is to answer with the part that the client asks for. */
  readonly part?: boolean
  /** Whether the handler sees what makes the request one client's own. */
  readonly credentials: boolean
  /** How long anybody would wait for it, in milliseconds. */
  readonly waitTimeoutMs: number
}

/** Whether a failure of the run is one that others would meet, who send no such credentials and ask for no such part. */
export function runsAsOthers({ credentials, part }: Pick<RunRequest, 'credentials' | 'part'>): boolean {
  return !credentials && part !== true
}

/** Where a response is stored. */
export type Keeping = Pick<FillRequest, 'key' | 'url' | 'own' | 'resource' | 'variantSlot'> & {
  readonly exchange: Pick<Exchange, 'request'>
}
