import { saysNothing } from '../rules/stale-windows.js'
import type { Refused, ResponseHead, RunOutcome } from './exchange.js'

/** A run behind an answer has failed, and says nothing about what is stored. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure'
  /** The status of the answer; `undefined` where there was none. */
  readonly status: number | undefined
  /** Whether a layer outside of the cache answered, and not the handler. */
  readonly refused: boolean

  constructor(status: number | undefined, refused = false) {
    const who = refused ? 'a layer outside of the cache' : 'the handler'
    super(`a run behind an answer failed: ${who} ${status === undefined ? 'gave no answer' : `answered ${status}`}`)
    this.status = status
    this.refused = refused
  }
}

/** The head of what the handler answered. @throws RunFailure where the outcome says nothing of the resource. */
export function checkAnswered(outcome: RunOutcome | Refused, head: ResponseHead | undefined): void {
  if (outcome.end === 'refused') throw new RunFailure(outcome.status, true)
  if (outcome.end === 'broken' || head === undefined) throw new RunFailure(undefined)
  if (saysNothing(head.status)) throw new RunFailure(head.status)
}
