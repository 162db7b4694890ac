import type { CancelTimer, Clock } from '../../base/clock.js'
import { StoreTimeoutError } from '../../base/errors.js'
import { type Deadlines, EXPIRED } from './deadlines.js'
import { type Sign, signOf } from './sign.js'

/**
 * A failure weighs twice as much as an answer: it opens with five failures in a row, and where lastingly more than a
 * third of all fails, which is what a server that is merely slow looks like.
 */
const FAILURE_WEIGHT = 2
const OPENS_AT = 5 * FAILURE_WEIGHT

/** The pause between opening and the first question to the server. */
const FIRST_PAUSE_MS = 50
/** The pause before the next question to a server that failed at once, as during a restart, or answered too late. */
const FAILED_PAUSE_MS = 100
/** The same where it still owes an answer: unanswered questions must not pile up. */
const SILENT_PAUSE_MS = 1_000
/** News of the server has it asked at once, but no sooner than this after the last question. */
const NEWS_PAUSE_MS = 25
/** Part of each pause that is random, so that not all processes ask at once. */
const JITTER = 0.25

/** If deadlines open it again within this time of closing, the server has to prove itself for longer the next time. */
const STEADY_MS = 1_000
/** How long a rehearsal is the first time, and how much longer each time. */
const SHORTEST_PROOF_MS = 50
const PROOF_GROWS_BY = 3
/** A server that was in time for this long would be steady. */
const LONGEST_PROOF_MS = STEADY_MS
/** Answers without which a rehearsal proves nothing. */
const LEAST_ANSWERS = 8
/** Between two rounds of questions in a rehearsal, each for a few of the keys that failed. */
const REHEARSAL_PAUSE_MS = 10
const MOST_AT_ONCE = 16
const MOST_KEYS = 16

/** `'half-open'`: it rehearses. */
export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerTerms {
  readonly clock: Clock
  /** Bounds each question. */
  readonly deadlines: Deadlines
  /** Asks the server for something that callers do not notice. @param key What it failed to answer for last, if known. */
  readonly ask: (key: string | undefined) => Promise<unknown>
  readonly onChange: (state: BreakerState, reason: Error | undefined) => void
}

/**
 * A circuit breaker. A server that does not answer, or too late, is not asked by callers any more: each of them would
 * wait for its deadline. It is asked in the background, and used again when it answers in time.
 *
 * Some servers answer a question and then not the callers: a line may carry one value and not many, or the next pause
 * comes soon. One that was believed in vain has to stand a rehearsal first: for a while reads that callers want are sent
 * as well, without their waiting for them, and all must be answered in time. So what a server costs that comes and goes
 * falls to nothing, and one that is well for good is back after the time of a rehearsal.
 */
export class Breaker {
  readonly #terms: BreakerTerms
  #state: BreakerState = 'closed'
  #score = 0
  #reason: Error | undefined
  /** The last keys that it failed to answer for, the latest first. */
  #keys: (string | undefined)[] = [undefined]
  /** How long it has to rehearse before it closes. 0: a single answer is enough. */
  #proofMs = 0
  #provenAt = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #cancel: CancelTimer | undefined
  /** Operations that failed after it had opened, which had been under way at once, and the most of them so far. */
  #together = 1
  #mostTogether = 1
  /** What was asked before the last failure, or before it closed, no longer matters. */
  #round = 0
  /** Of what was asked in this round, how much was answered, and how much is still under way. */
  #answers = 0
  #underWay = 0
  /** Counts the questions of rehearsals, which go through the keys. */
  #asked = 0
  #ended = false

  constructor(terms: BreakerTerms) {
    this.#terms = terms
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Nothing has been held against the server for a while. */
  get clean(): boolean {
    return this.#state === 'closed' && this.#score === 0 && this.#isSteady
  }

  get #isSteady(): boolean {
    return this.#terms.clock.monotonic() - this.#closedAt > STEADY_MS
  }

  /** Why an operation may not be sent now; `undefined`: it may, and its outcome must be told. */
  get refusal(): Error | undefined {
    return this.#state === 'closed' ? undefined : this.#reason
  }

  /** Takes a read that was refused: sends it in a rehearsal, where its caller does not wait for it. */
  offer(send: () => Promise<unknown>): void {
    if (this.#state === 'half-open' && !this.#isProven && this.#underWay < this.#atOnce) this.#send(send)
  }

  answered(): void {
    if (this.#state === 'closed') this.#score = Math.max(0, this.#score - 1)
  }

  failed(error: Error, key: string | undefined, sign: Sign): void {
    if (sign !== 'dead') return
    this.#reason = error
    if (key !== undefined) this.#keys = [key, ...this.#keys.filter((other) => other !== key && other !== undefined)]
    this.#keys.length = Math.min(this.#keys.length, MOST_KEYS)
    if (this.#state === 'closed') this.#score += FAILURE_WEIGHT
    else this.#mostTogether = Math.max(this.#mostTogether, ++this.#together)
    if (this.#state === 'closed' && this.#score >= OPENS_AT) this.#open()
  }

  /**
   * There is news of the server: a late answer to something that was given up, or a new connection. It is asked at once.
   */
  news(): void {
    if (this.#state === 'open') this.#askAfter(this.#askedAt + NEWS_PAUSE_MS - this.#terms.clock.monotonic())
  }

  /** For good. An answer that is still due no longer matters. */
  end(): void {
    this.#ended = true
    this.#cancel?.()
  }

  #open(): void {
    // A failure that comes at once costs callers no time, and may soon be over.
    const inVain = !this.#isSteady && missedDeadline(this.#reason)
    this.#proofMs = inVain ? Math.min(Math.max(this.#proofMs * PROOF_GROWS_BY, SHORTEST_PROOF_MS), LONGEST_PROOF_MS) : 0
    this.#together = 1
    if (!inVain) this.#mostTogether = 1
    this.#change('open')
    this.#askAfter(this.#jittered(FIRST_PAUSE_MS))
  }

  #close(): void {
    this.#cancel?.()
    this.#endRound()
    this.#score = 0
    this.#closedAt = this.#terms.clock.monotonic()
    this.#change('closed')
  }

  #askAfter(ms: number): void {
    this.#cancel?.()
    if (this.#ended) return
    if (ms > 0) this.#cancel = this.#terms.clock.after(ms, this.#ask)
    else this.#ask()
  }

  #jittered(ms: number): number {
    return ms * (1 - JITTER * Math.random())
  }

  readonly #ask = (): void => {
    this.#askedAt = this.#terms.clock.monotonic()
    if (this.#state === 'open') this.#send(() => this.#terms.ask(this.#keys[0]))
    else this.#askForAll()
  }

  #askForAll(): void {
    if (this.#isProven && this.#underWay > 0) return
    while (this.#underWay < this.#atOnce) {
      const key = this.#keys[this.#asked++ % this.#keys.length]
      this.#send(() => this.#terms.ask(key))
    }
    this.#askAfter(REHEARSAL_PAUSE_MS)
  }

  /** How much is under way at once in a rehearsal. */
  get #atOnce(): number {
    return Math.min(this.#mostTogether, MOST_AT_ONCE)
  }

  get #isProven(): boolean {
    return this.#terms.clock.monotonic() >= this.#provenAt && this.#answers >= LEAST_ANSWERS
  }

  #send(send: () => Promise<unknown>): void {
    const { clock, deadlines } = this.#terms
    const round = this.#round
    this.#underWay++
    const sentAt = clock.monotonic()
    const answer = send()
    let isLate = false
    const judge = (sign: Sign): void => {
      if (round !== this.#round) return
      this.#underWay--
      if (sign === 'alive') this.#wasInTime()
      else this.#askAgain(isLate)
    }
    const onFailure = (cause: unknown): void => {
      isLate = cause === EXPIRED
      judge(isLate ? 'dead' : signOf('read', cause))
    }
    // Callers are given more time where the event loop stood still. As a proof that would be no good: a slow server would pass.
    const onValue = (): void => judge(clock.monotonic() - sentAt <= deadlines.ms ? 'alive' : 'dead')
    deadlines.watch(answer, onValue, onFailure)
    const onLateAnswer = (): void => {
      if (isLate) this.#answeredLate()
    }
    answer.then(onLateAnswer, onLateAnswer)
  }

  #wasInTime(): void {
    this.#answers++
    if (this.#state === 'open') this.#rehearse()
    else if (this.#isProven && this.#underWay === 0) this.#close()
  }

  #rehearse(): void {
    if (this.#proofMs === 0) {
      this.#close()
      return
    }
    this.#provenAt = this.#terms.clock.monotonic() + this.#proofMs
    this.#answers = 0
    this.#change('half-open')
    this.#ask()
  }

  #askAgain(isLate: boolean): void {
    this.#endRound()
    if (this.#state === 'half-open') this.#change('open')
    this.#askAfter(this.#jittered(isLate ? SILENT_PAUSE_MS : FAILED_PAUSE_MS))
  }

  #endRound(): void {
    this.#round++
    this.#underWay = 0
  }

  /** Perhaps it woke up: it is asked again at once, and one that is always late as often as one that fails at once. */
  #answeredLate(): void {
    if (this.#state === 'open') this.#askAfter(this.#askedAt + FAILED_PAUSE_MS - this.#terms.clock.monotonic())
  }

  #change(state: BreakerState): void {
    this.#state = state
    this.#terms.onChange(state, state === 'closed' ? undefined : this.#reason)
  }
}

function missedDeadline(reason: Error | undefined): boolean {
  return reason instanceof StoreTimeoutError || reason?.cause instanceof StoreTimeoutError
}
