import { describe, expect, it } from 'vitest'
import { Deadlines, EXPIRED } from '../../../src/store/guard/deadlines.js'
import { FakeClock, turn } from '../../../src/testing/fake-clock.js'

/** Errors of an operation stay what they are. */
const late = (cause: unknown): Error => (cause instanceof Error ? cause : new Error('late'))

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { state: string } {
  const seen = { state: 'pending' }
  promise.then(
    (value) => (seen.state = `value ${value}`),
    (error: Error) => (seen.state = `error ${error.message}`),
  )
  return seen
}

function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('Deadlines', () => {
  it('passes on what comes in time', async () => {
    const deadlines = new Deadlines(50, new FakeClock())
    await expect(deadlines.bound(Promise.resolve(1), late)).resolves.toBe(1)
    await expect(deadlines.bound(Promise.reject(new Error('no')), late)).rejects.toThrow('no')
  })

  it('translates the error of an operation in time, and no late one', async () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    const causes: unknown[] = []
    const toError = (cause: unknown): Error => {
      causes.push(cause)
      return new Error('translated')
    }
    const failure = new Error('no')
    await expect(deadlines.bound(Promise.reject(failure), toError)).rejects.toThrow('translated')
    const answer = pending<number>()
    const seen = watch(deadlines.bound(answer.promise, toError))
    await clock.advance(50)
    answer.reject(new Error('much later'))
    await turn()
    expect(seen.state).toBe('error translated')
    expect(causes).toEqual([failure, EXPIRED])
  })

  it('fails what is not there at its deadline, and not before', async () => {
    const clock = new FakeClock()
    const seen = watch(new Deadlines(50, clock).bound(new Promise(() => undefined), late))
    await clock.advance(49)
    expect(seen.state).toBe('pending')
    await clock.advance(1)
    expect(seen.state).toBe('error late')
  })

  it('gives each operation its own time', async () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    const first = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(30)
    const second = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(20)
    expect([first.state, second.state]).toEqual(['error late', 'pending'])
    await clock.advance(29)
    expect(second.state).toBe('pending')
    await clock.advance(1)
    expect(second.state).toBe('error late')
  })

  it('keeps that time to the fraction of a millisecond, also when one timer stands for several', async () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    const first = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(0.25)
    const second = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(50)
    expect([first.state, second.state]).toEqual(['error late', 'error late'])
  })

  it('keeps one timer for any number of operations', () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    for (let count = 0; count < 100; count++) deadlines.bound(new Promise(() => undefined), late).catch(() => undefined)
    expect(clock.pending).toBe(1)
  })

  it.each([
    ['first', 0],
    ['in the middle', 1],
    ['last', 2],
  ])('lets the others expire when the one that stands %s has settled', async (_, settled) => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    const answers = [pending<number>(), pending<number>(), pending<number>()]
    const seen = answers.map(({ promise }) => watch(deadlines.bound(promise, late)))
    answers[settled]?.resolve(7)
    await turn()
    const next = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(50)
    expect(seen.map(({ state }) => state)).toEqual(
      answers.map((_, index) => (index === settled ? 'value 7' : 'error late')),
    )
    expect(next.state).toBe('error late')
    expect(clock.pending).toBe(0)
  })

  it('gives an operation that begins while others expire its own time', async () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    let begun: { state: string } | undefined
    const first = watch(
      deadlines.bound(new Promise(() => undefined), () => {
        begun = watch(deadlines.bound(new Promise(() => undefined), late))
        return new Error('late')
      }),
    )
    await clock.advance(50)
    expect([first.state, begun?.state, clock.pending]).toEqual(['error late', 'pending', 1])
    await clock.advance(50)
    expect(begun?.state).toBe('error late')
  })

  it('sets no timer again once all have settled', async () => {
    const clock = new FakeClock()
    await new Deadlines(50, clock).bound(Promise.resolve(1), late)
    await clock.advance(50)
    expect(clock.pending).toBe(0)
  })

  it('gives an answer that lies ready when a stalled timer fires its turn first', async () => {
    const clock = new FakeClock()
    const answer = pending<number>()
    const seen = watch(new Deadlines(50, clock).bound(answer.promise, late))
    const moved = clock.advance(5_000)
    // The poll phase after the timer: the socket has the reply.
    answer.resolve(7)
    await moved
    expect(seen.state).toBe('value 7')
  })

  it('gives back the time for which the process stood still, a few times, and no more than the deadline', async () => {
    const clock = new FakeClock()
    let heldUpMs = 0
    const held = { now: () => clock.now(), monotonic: () => clock.monotonic(), after: clock.after.bind(clock) }
    held.after = (ms, callback) => clock.after(ms + heldUpMs, callback)
    const deadlines = new Deadlines(50, held)
    heldUpMs = 20
    const answer = pending<number>()
    const answered = watch(deadlines.bound(answer.promise, late))
    const silent = watch(deadlines.bound(new Promise(() => undefined), late))
    heldUpMs = 0
    await clock.advance(70)
    const next = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(19)
    answer.resolve(7)
    await turn()
    expect([answered.state, silent.state]).toEqual(['value 7', 'pending'])
    await clock.advance(1)
    expect([silent.state, next.state]).toEqual(['error late', 'pending'])
    await clock.advance(30)
    expect(next.state).toBe('error late')
    expect(clock.pending).toBe(0)

    heldUpMs = 60
    const longest = watch(deadlines.bound(new Promise(() => undefined), late))
    // At 110, and four times after 50 more and 60 late.
    await clock.advance(5 * 110 - 1)
    expect(longest.state).toBe('pending')
    await clock.advance(1)
    expect(longest.state).toBe('error late')
  })

  it('drops a late answer, good or bad, without a trace', async () => {
    const clock = new FakeClock()
    const answers = [pending<number>(), pending<number>()] as const
    const deadlines = new Deadlines(50, clock)
    const seen = answers.map(({ promise }) => watch(deadlines.bound(promise, late)))
    await clock.advance(50)
    answers[0].resolve(1)
    answers[1].reject(new Error('much later'))
    await turn()
    expect(seen.map(({ state }) => state)).toEqual(['error late', 'error late'])
  })

  it('fails all at once when asked to, and starts over', async () => {
    const clock = new FakeClock()
    const deadlines = new Deadlines(50, clock)
    const seen = watch(deadlines.bound(new Promise(() => undefined), late))
    deadlines.failAll(() => new Error('closed'))
    await turn()
    expect(seen.state).toBe('error closed')
    expect(clock.pending).toBe(0)
    const next = watch(deadlines.bound(new Promise(() => undefined), late))
    await clock.advance(50)
    expect(next.state).toBe('error late')
  })
})
