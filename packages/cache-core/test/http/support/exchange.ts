import { expect } from 'vitest'
import type { Exchange } from '../../../src/http/engine/exchange.js'
import { changesOf, NO_LOG } from '../../../src/http/rules/head-changes.js'
import { get } from './requests.js'

/** A GET without a server, whose handler answers 200 with a small body. `onRun` is told when it runs. */
export function getExchange(target: string, onRun: () => void): Exchange {
  return {
    request: get(target),
    run: async ({ onHead }) => {
      onRun()
      onHead({ status: 200, statusText: '', headers: [], changes: changesOf([], [], NO_LOG) })
      return { end: 'captured', body: [Buffer.from('body')] }
    },
    send: () => {},
    write: () => expect.unreachable('a GET is no write'),
  }
}
