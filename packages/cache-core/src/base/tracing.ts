import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

/**
 * What a span is about, on the tracing channels of `node:diagnostics_channel`: `tracing:tiercel:<name>:start`, `:end`,
 * `:asyncStart`, `:asyncEnd` and `:error`. A span begins with `start` and is over with `asyncEnd`; between them each
 * message is the same object, with `result` or `error` added by Node.
 */
export interface TraceContexts {
  /** A loader runs. */
  load: { namespace: string; key: string; leased: boolean }
  /** An operation on the store, from when it is sent until it is answered or its deadline is over. */
  store: { store: string; operation: string; key: string | undefined }
}

const channels = {
  load: tracingChannel<unknown, TraceContexts['load']>('tiercel:load'),
  store: tracingChannel<unknown, TraceContexts['store']>('tiercel:store'),
}

/** Whether anybody listens. Asked first, so that without a listener no context is made, nor a closure. */
export function isTraced(name: keyof TraceContexts): boolean {
  return channels[name].hasSubscribers
}

/** Runs it inside of a span. */
export function traced<N extends keyof TraceContexts, T>(
  name: N,
  context: TraceContexts[N],
  run: () => Promise<T>,
): Promise<T> {
  const channel = channels[name] as TracingChannel<unknown, TraceContexts[N]>
  return channel.tracePromise(run, context)
}
