import { expect } from 'vitest'
import type { Exchange } from '../../../src/http/engine/exchange.js'
import type { HttpCache } from '../../../src/http/engine/http-cache.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { turn } from '../../../src/testing/fake-clock.js'
import { get } from './requests.js'

interface Answered {
  readonly body: string
  readonly cacheStatus: string
}

type Respond = () => string | Promise<string>

/**
 * One GET through the engine, without a server: `respond` is the handler, and the result is what a client would get.
 */
export async function request(
  engine: HttpCache,
  target: string,
  respond: Respond,
  headers: readonly string[] = [],
  betweenHeadAndBody: () => unknown = () => {},
  fields: Parameters<typeof get>[1] = {},
  status = 200,
): Promise<Answered> {
  let answered: Answered | undefined
  const answer = (lines: readonly string[], body: string): void => {
    const at = lines.lastIndexOf('Cache-Status')
    answered = { body, cacheStatus: (lines[at + 1] as string).replace('tiercel; ', '') }
  }
  const exchange: Exchange = {
    request: get(target, fields),
    send: ({ headers: lines }, body) => answer(lines, body === undefined ? '' : Buffer.from(body).toString()),
    run: async ({ onHead, capture }) => {
      const body = await respond()
      const decision = onHead({ status, statusText: '', headers, changes: changesOf([], headers, NO_LOG) })
      await betweenHeadAndBody()
      answer(decision.headers, body)
      return decision.capture && capture?.keep(Buffer.from(body)) ? { end: 'captured' } : { end: 'passed' }
    },
    write: () => expect.unreachable('a GET is no write'),
  }
  await engine.handle(exchange)
  // Nobody awaits a handler that runs for its own client alone, or what is stored after the answer.
  while (answered === undefined) await turn()
  await turn()
  return answered
}
