import { type Channel, channel } from 'node:diagnostics_channel'

/**
 * What Tiercel tells about itself, on `node:diagnostics_channel`, as `tiercel:<event>`. Nothing is ever printed.
 * Keys are the caller's own, without prefix and namespace escapes.
 */
export interface DiagnosticEvents {
  hit: { namespace: string; key: string }
  /** A caller got what the near cache of this process held. */
  'near-hit': { namespace: string; key: string }
  /** The near cache was dropped as a whole: it may have missed an invalidation, or its process was alone for a while. */
  'near-drop': { reason: 'bus-lost' | 'bus-up' | 'message-lost' | 'store-back' | 'closed'; entries: number }
  /** A caller got a stale value: while it is refreshed, or because its load failed or was slow. */
  stale: { namespace: string; key: string }
  miss: { namespace: string; key: string }
  /**
   * A read found something unreadable, and counts as a miss. `'frame'`: damaged, poisoned, or sealed with another secret.
   * `'value'`: of another shape, or not valid. `slot` is the store's key.
   */
  unreadable: { slot: string; part: 'frame' | 'value' }
  /** A loader ran: `leased` says whether one lease among all processes stood behind it. */
  load: { namespace: string; key: string; leased: boolean; stored: boolean; durationMs: number }
  /** A loader threw, rejected or ran into `hardTimeout`. Its callers get the error, or a stale value. */
  'load-error': { namespace: string; key: string; error: unknown }
  /** A function among the options of an HTTP route threw, or returned something invalid. */
  'route-error': { namespace: string; option: string; error: unknown }
  invalidation: {
    namespace: string
    key: string | undefined
    /** Where tags were invalidated. */
    tags?: readonly string[]
    /** Whether what was invalidated is stale, instead of void. */
    soft?: boolean
    outcome: 'delivered' | 'journaled'
  }
  /** An operation on the store failed. `error` is one of the store errors. */
  'store-error': { store: string; operation: string; error: Error }
  /** Something to be changed by hand, reported once per store: a missing capability, an unwise setting of the server. */
  'store-warning': { store: string; message: string }
  /**
   * The circuit breaker of a server has opened, or closed again. `kind` says whose: where writes alone fail, reads go on.
   * `server` is absent where the store shows only one. `reason` is the failure that opened it.
   */
  breaker: {
    store: string
    server: string | undefined
    kind: 'read' | 'write'
    state: 'open' | 'half-open' | 'closed'
    reason: Error | undefined
  }
  eviction: { store: string; key: string }
}

type EventName = keyof DiagnosticEvents

const channels = new Map<EventName, Channel>()

/** The channel of an event, for callers that report so often that looking it up each time would count. */
export function channelOf(event: EventName): Channel {
  return channel(`tiercel:${event}`)
}

/** Publishes an event. `message` is only called when somebody listens. */
export function report<E extends EventName>(event: E, message: () => DiagnosticEvents[E]): void {
  let target = channels.get(event)
  if (target === undefined) {
    target = channelOf(event)
    channels.set(event, target)
  }
  if (target.hasSubscribers) target.publish(message())
}
