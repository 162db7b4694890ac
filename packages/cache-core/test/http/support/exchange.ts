import { expect } from 'vitest'
import type { Exchange } from '../../../src/http/engine/exchange.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { get } from './requests.js'

/** A GET without a server, whose handler answers 200 with a small body. Calls `onRun` when the handler runs. */
export function getExchange(target: string, onRun: () => void): Exchange {
  return {
    request: get(target),
    run: async ({ onHead, capture }) => {
      onRun()
      onHead({ status: 200, statusText: '', headers: [], changes: changesOf([], [], NO_LOG) })
      capture?.keep(Buffer.from('body'))
      return { end: 'captured' }
    },
    send: () => {},
    write: () => expect.unreachable('a GET is no write'),
  }
}
