import { expect } from 'vitest'
import type { Exchange, ResponseHead, WritePlan } from '../../../src/http/engine/exchange.js'
import type { HttpCache } from '../../../src/http/engine/http-cache.js'
import { responseLike } from '../../../src/http/message/response-like.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { turn } from '../../../src/testing/fake-clock.js'
import { get } from './requests.js'

export interface Answered {
  readonly status: number
  readonly body: string
  /** As the client gets them. */
  readonly headers: Headers
  /** Without the name of the cache. */
  readonly cacheStatus: string
}

export interface Asking {
  /** What the handler answers. Awaited after the handler is called and before its head goes out. */
  readonly body?: string | Promise<string>
  readonly status?: number
  /** Fields of the response: names and values. */
  readonly headers?: readonly string[]
  readonly method?: string
  /** Fields of the request. */
  readonly asked?: readonly string[]
  /** What the handler answers to a request of the cache's own. Without it the cache can make none. */
  readonly again?: Pick<Asking, 'body' | 'status' | 'headers' | 'onRun'> | undefined
  /** Called when the handler runs, with what it sees. */
  readonly onRun?: (sees: { readonly headers: readonly string[] }) => void
}

/** Sends one request through the engine, without a server. Resolves with what a client would get. */
export async function ask(engine: HttpCache, target: string, asking: Asking = {}): Promise<Answered> {
  const { body = '', status = 200, headers = [], method = 'GET', asked = [], onRun = () => {}, again } = asking
  const head = headOf(asking)
  let answered: Answered | undefined
  const answer = (code: number, lines: readonly string[], bytes: Uint8Array | undefined): void => {
    const at = lines.lastIndexOf('Cache-Status')
    const cacheStatus = (lines[at + 1] ?? '').replace('tiercel; ', '')
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString()
    answered = {
      status: code,
      body: text,
      headers: responseLike({ status: code, headers: lines }).headers,
      cacheStatus,
    }
  }
  const plain = get(target)
  const exchange: Exchange = {
    request: { ...plain, method, headers: [...plain.headers, ...asked] },
    send: ({ status: code, headers: lines }, bytes) => answer(code, lines, bytes),
    run: async ({ onHead, capture, sees }) => {
      onRun(sees ?? exchange.request)
      const bytes = Buffer.from(await body)
      const decision = onHead(head)
      const { headers: lines, instead, partial, capture: kept } = (await decision.later) ?? decision
      if (instead !== undefined) answer(instead.status, lines, instead.body)
      else
        answer(
          partial?.status ?? status,
          lines,
          partial?.range ? bytes.subarray(partial.range.start, partial.range.end) : bytes,
        )
      return kept && capture?.keep(bytes) ? { end: 'captured' } : { end: 'passed' }
    },
    again: ({ sees }) =>
      again && {
        run: async ({ onHead, capture }) => {
          again.onRun?.(sees)
          const { capture: kept } = onHead(headOf(again))
          return kept && capture?.keep(Buffer.from((await again.body) ?? '')) ? { end: 'captured' } : { end: 'passed' }
        },
      },
    write: (plan) => {
      void written(plan, head, body).then((bytes) => answer(status, headers, bytes))
    },
  }
  await engine.handle(exchange)
  // Nobody awaits a handler that runs for its own client alone, or what is stored after the answer.
  while (answered === undefined) await turn()
  await turn()
  return answered
}

/** What a client gets from a write, once all that it has changed is settled. */
async function written(plan: WritePlan, head: ResponseHead, body: string | Promise<string>): Promise<Buffer> {
  const bytes = Buffer.from(await body)
  plan.capture?.(head)?.keep(bytes)
  await plan.invalidate(head)
  await plan.keep?.()
  return bytes
}

function headOf({ status = 200, headers = [] }: Asking): ResponseHead {
  return { status, statusText: '', headers, changes: changesOf([], headers, NO_LOG) }
}

export const HIT = expect.stringMatching(/^hit; ttl=/)
