import { expect } from 'vitest'
import type { Exchange } from '../../../src/http/engine/exchange.js'
import type { HttpCache } from '../../../src/http/engine/http-cache.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { turn } from '../../../src/testing/fake-clock.js'
import { get } from './requests.js'

export interface Answered {
  readonly body: string
  /** Without the name of the cache. */
  readonly cacheStatus: string
}

export interface Asking {
  /** What its handler answers; awaited after the handler was called and before its head goes out. */
  readonly body?: string | Promise<string>
  readonly status?: number
  /** Of the response: names and values. */
  readonly headers?: readonly string[]
  readonly method?: string
  /** Of the request. */
  readonly asked?: readonly string[]
}

/** One request through the engine, without a server: what the client would get. */
export async function ask(engine: HttpCache, target: string, asking: Asking = {}): Promise<Answered> {
  const { body = '', status = 200, headers = [], method = 'GET', asked = [] } = asking
  const head = { status, statusText: '', headers, changes: changesOf([], headers, NO_LOG) }
  let answered: Answered | undefined
  const answer = (lines: readonly string[], text: string): void => {
    const at = lines.lastIndexOf('Cache-Status')
    answered = { body: text, cacheStatus: (lines[at + 1] ?? '').replace('tiercel; ', '') }
  }
  const plain = get(target)
  const exchange: Exchange = {
    request: { ...plain, method, headers: [...plain.headers, ...asked] },
    send: ({ headers: lines }, bytes) => answer(lines, bytes === undefined ? '' : Buffer.from(bytes).toString()),
    run: async ({ onHead, capture }) => {
      const text = await body
      const decision = onHead(head)
      answer(decision.headers, text)
      return decision.capture && capture?.keep(Buffer.from(text)) ? { end: 'captured' } : { end: 'passed' }
    },
    write: ({ invalidate }) => {
      void Promise.resolve(invalidate({ status, headers })).then(() => answer([], ''))
    },
  }
  await engine.handle(exchange)
  // A handler that runs for its own client alone, and what is stored behind the answer, nobody awaits.
  while (answered === undefined) await turn()
  await turn()
  return answered
}

export const HIT = expect.stringMatching(/^hit; ttl=/)
