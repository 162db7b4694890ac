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
/** The longest pause between questions to a server that fails at once, as during a restart, or answers too late. */
const FAILED_PAUSE_MS = 100
/** The same where it still owes an answer: unanswered questions must not pile up. */
const SILENT_PAUSE_MS = 1_000
/** News of the server has it asked at once, but no sooner than this after the last question. */
const NEWS_PAUSE_MS = 25
/**
 * The longest pause of a breaker that missed deadlines open again and again, since each time costs some callers their
 * deadline; and how long it must stay closed before it starts with a short pause again.
 */
const LONGEST_PAUSE_MS = 5_000
const STEADY_MS = 5_000
/**
 * Most questions sent at once to a server that answered a single one in time, but not the callers after it: a narrow
 * line may carry one value and not many. Halved from time to time, so that it does not stay too much for ever.
 */
const MOST_AT_ONCE = 8
const HALVED_AFTER_MS = 5_000
/**
 * Within this part of its deadline an answer is prompt: what was slow is slow no more, and the pause need not be waited for.
 * A server that was believed for that and failed again soon is taken at its word no more until it has been steady.
 */
const PROMPT = 0.1
/** Part of each pause that is random, so that not all processes ask at once. */
const JITTER = 0.25

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerTerms {
  readonly clock: Clock
  /** Bounds the question. */
  readonly deadlines: Deadlines
  /** Asks the server for something that changes nothing, the key that it failed to answer for last where one is known. */
  readonly ask: (key: string | undefined) => Promise<unknown>
  /**
   * Whether an answer to the question shows that all is well. Otherwise the next operation is let through alone, as the
   * proof: a server may answer reads and refuse writes.
   */
  readonly answerProves: boolean
  readonly onChange: (state: BreakerState, reason: Error | undefined) => void
}

/**
 * A circuit breaker. A server that does not answer, or too late, is not asked by callers any more: each of them would
 * wait for its deadline. It is asked in the background, and used again when it answers in time.
 */
export class Breaker {
  readonly #terms: BreakerTerms
  #state: BreakerState = 'closed'
  #score = 0
  #reason: Error | undefined
  #key: string | undefined
  /** The least pause before a question. */
  #pauseMs = FIRST_PAUSE_MS
  #againMs = FIRST_PAUSE_MS
  #pauseEndsAt = Number.NEGATIVE_INFINITY
  #trustsPromptness = true
  #closedPromptly = false
  #closedAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #cancel: CancelTimer | undefined
  /** Operations that were under way when it opened and failed as well: how many callers there are at once. */
  #together = 1
  /** How many questions are sent at once, and since when. */
  #atOnce = 1
  #atOnceSince = 0
  #trialUnderWay = false
  #ended = false

  constructor(terms: BreakerTerms) {
    this.#terms = terms
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Nothing has been held against the server for a while. */
  get clean(): boolean {
    return this.#state === 'closed' && this.#score === 0 && this.#terms.clock.monotonic() - this.#closedAt > STEADY_MS
  }

  /** Why an operation may not be sent now; `undefined`: it may, and its outcome must be told. */
  refusal(): Error | undefined {
    if (this.#state === 'closed') return undefined
    if (this.#state === 'open' || this.#trialUnderWay) return this.#reason
    this.#trialUnderWay = true
    return undefined
  }

  answered(): void {
    this.#learn('alive')
  }

  failed(error: Error, key: string | undefined, sign: Sign): void {
    if (sign === 'dead') {
      this.#reason = error
      this.#key = key ?? this.#key
    }
    this.#learn(sign)
  }

  /**
   * There is news of the server: a late answer to something that was given up, or a new connection. It is asked at once.
   */
  news(): void {
    if (this.#state !== 'open') return
    this.#pauseEndsAt = Number.NEGATIVE_INFINITY
    this.#askAfter(this.#askedAt + NEWS_PAUSE_MS - this.#terms.clock.monotonic())
  }

  /** For good. An answer that is still due no longer matters. */
  end(): void {
    this.#ended = true
    this.#cancel?.()
  }

  #learn(sign: Sign): void {
    if (this.#state === 'half-open') {
      this.#trialUnderWay = false
      if (sign === 'alive') this.#close()
      if (sign === 'dead') this.#open()
    } else if (this.#state === 'closed') {
      if (sign === 'alive') this.#score = Math.max(0, this.#score - 1)
      if (sign === 'dead') this.#score += FAILURE_WEIGHT
      if (this.#score >= OPENS_AT) this.#open()
    } else if (sign === 'dead') {
      this.#together++
    }
  }

  #open(): void {
    const { clock, answerProves } = this.#terms
    // It opens again right after it was closed or tried: the question does not show what fails.
    const again = this.#state === 'half-open' || clock.monotonic() - this.#closedAt < STEADY_MS
    this.#pauseMs = again ? Math.min(this.#pauseMs * 2, longestPause(this.#reason)) : FIRST_PAUSE_MS
    this.#trustsPromptness = !again || (this.#trustsPromptness && !this.#closedPromptly)
    this.#againMs = FIRST_PAUSE_MS
    this.#together = 1
    this.#atOnce = again && answerProves ? MOST_AT_ONCE : 1
    this.#atOnceSince = clock.monotonic()
    this.#change('open')
    this.#askAfter(Math.min(this.#beginPause(), this.#shortestPauseMs))
  }

  /** Until it ends only prompt answers close the breaker. Its length, in milliseconds. */
  #beginPause(): number {
    const ms = this.#jittered(this.#pauseMs)
    this.#pauseEndsAt = this.#terms.clock.monotonic() + ms
    return ms
  }

  /** Before it is asked again. What an answer does not prove, a caller would have to try. */
  get #shortestPauseMs(): number {
    const { answerProves } = this.#terms
    return answerProves && this.#trustsPromptness ? Math.min(this.#pauseMs, FAILED_PAUSE_MS) : this.#pauseMs
  }

  #close(): void {
    this.#cancel?.()
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
    const { clock, deadlines, ask } = this.#terms
    this.#askedAt = clock.monotonic()
    const answers = Array.from({ length: Math.min(this.#together, this.#atOnce) }, () => ask(this.#key))
    const answer = Promise.all(answers)
    let late = false
    void deadlines
      .bound(answer, (cause) => cause)
      .then(
        () => 'alive' as const,
        (cause: unknown) => {
          late = cause === EXPIRED
          return late ? ('dead' as const) : signOf('read', cause)
        },
      )
      .then((sign) => this.#judge(sign, late))
    const onAnswer = (): void => {
      if (late) this.#answeredLate()
    }
    answer.then(onAnswer, onAnswer)
  }

  #judge(sign: Sign, late: boolean): void {
    if (this.#state !== 'open') return
    const { clock, deadlines, answerProves } = this.#terms
    const now = clock.monotonic()
    const isPrompt = now - this.#askedAt <= deadlines.ms * PROMPT
    this.#closedPromptly = now < this.#pauseEndsAt
    if (sign !== 'alive') this.#askAgain(late)
    else if (!answerProves) this.#change('half-open')
    else if (!this.#closedPromptly || isPrompt) this.#close()
    else this.#askAfter(Math.min(this.#jittered(FAILED_PAUSE_MS), this.#pauseEndsAt - now))
  }

  #askAgain(late: boolean): void {
    this.#againMs = late ? SILENT_PAUSE_MS : Math.min(this.#againMs * 2, FAILED_PAUSE_MS)
    const now = this.#terms.clock.monotonic()
    if (now - this.#atOnceSince > HALVED_AFTER_MS) {
      this.#atOnce = Math.ceil(Math.min(this.#together, this.#atOnce) / 2)
      this.#atOnceSince = now
    }
    this.#beginPause()
    this.#askAfter(this.#jittered(Math.max(this.#shortestPauseMs, this.#againMs)))
  }

  /** Perhaps it woke up: it is asked again at once, and one that is always late as often as one that fails at once. */
  #answeredLate(): void {
    if (this.#state !== 'open') return
    this.#askAfter(this.#askedAt + Math.max(this.#shortestPauseMs, FAILED_PAUSE_MS) - this.#terms.clock.monotonic())
  }

  #change(state: BreakerState): void {
    this.#state = state
    this.#terms.onChange(state, state === 'closed' ? undefined : this.#reason)
  }
}

/** A failure that comes at once costs callers no time, and may soon be over. */
function longestPause(reason: Error | undefined): number {
  const missed = reason instanceof StoreTimeoutError || reason?.cause instanceof StoreTimeoutError
  return missed ? LONGEST_PAUSE_MS : FAILED_PAUSE_MS
}
