import type { Loaded } from '../../protocol/call.js'
import type { UrlKey } from '../rules/key.js'
import type { Exchange, Rerun } from './exchange.js'
import type { Forward, StandIn } from './pass.js'
import type { Resource, UrlText } from './resource.js'
import type { StoredResponse } from './stored-response.js'

/** One request whose handler runs for others as well. */
export interface FillRequest extends RunRequest {
  /** The URL as it stood before the handler ran: a purge in between voids what is stored under its version. */
  readonly resource: Resource
}

/** Takes a response for a waiting client. @param reason Why it is for this client alone; `undefined`: it is stored. */
export type Deliver = (response: StoredResponse, reason: string | undefined) => void

/** What a run needs to know, wherever its response is stored. */
export interface RunRequest {
  readonly exchange: Pick<Exchange, 'request' | 'methodNow'> & Rerun
  /** Set where the response goes to nobody: then a failure is no response, and what is stored stays. */
  readonly behind?: true
  /** Takes the response of a run behind an answer, where one client waits for it. */
  readonly deliver?: Deliver | undefined
  /** Runs the handler again, without conditions, for the same client. Absent where there is no way to it. */
  readonly anew?: ((deliver: Deliver) => Promise<Loaded>) | undefined
  readonly key: UrlKey
  readonly url: UrlText
  /** The key parts that every variant of the URL has for this request: `ownParts`. */
  readonly own: readonly string[]
  /** The slot in which the variant is looked for, and on which the lease sits. */
  readonly variantSlot: string
  readonly forward: Forward
  /** The stored response to be validated. */
  readonly stored?: StoredResponse | undefined
  /** Other stored variants, one of which the handler may confirm. */
  readonly offered?: readonly StoredResponse[] | undefined
  /** Replaces a failure for the client; what is stored then stays. */
  readonly standIn?: StandIn | undefined
  /** A stored part, with which the answer may be joined. */
  readonly beside?: StoredResponse | undefined
  /** Whether the handler should answer with the part that the client asks for. */
  readonly part?: boolean
  /** Whether the handler sees credentials. */
  readonly credentials: boolean
  /** How long other requests would wait for it, in milliseconds. */
  readonly waitTimeoutMs: number
}

/** Whether others would get the same failure: the run sees no credentials and is for no part. */
export function runsAsOthers({ credentials, part }: Pick<RunRequest, 'credentials' | 'part'>): boolean {
  return !credentials && part !== true
}

/** Where a response is stored. */
export type Keeping = Pick<FillRequest, 'key' | 'url' | 'own' | 'resource' | 'variantSlot'> & {
  readonly exchange: Pick<Exchange, 'request'>
}
