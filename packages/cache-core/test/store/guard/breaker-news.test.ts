import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../src/base/errors.js'
import { guardStore } from '../../../src/store/guard/guarded-store.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { FakeClock, turn } from '../../../src/testing/fake-clock.js'
import { faultyStore } from '../../../src/testing/faulty-store.js'
import { hearBreakers, READ_MS, setUp, states } from '../../support/breakers.js'
import { errorOf } from '../../support/rejections.js'

hearBreakers()

const bytes = Buffer.from('bytes')
const details = { store: 'memory' }

describe('an open breaker', () => {
  it('hears a frozen server wake up, without waiting for the next question', async () => {
    const { clock, faulty, read } = setUp()
    let wake = (): void => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    faulty.faultOf = () => ({ answerAfter: asleep })
    await read(5)
    await clock.advance(10_050)
    expect(states()).toEqual(['read open'])
    faulty.thaw()
    wake()
    await turn()
    await turn()
    expect(states()).toEqual(['read open', 'read closed'])
  })

  it('hears soon of the return of a server that answered too late all the time', async () => {
    const { clock, faulty, read } = setUp()
    faulty.faultOf = () => ({ answerAfter: new Promise<void>((resolve) => clock.after(4 * READ_MS, resolve)) })
    await read(5)
    await clock.advance(20_000)
    expect(states()).toEqual(['read open'])
    faulty.thaw()
    await clock.advance(4 * READ_MS + 100 + READ_MS)
    expect(states()).toEqual(['read open', 'read closed'])
  })

  it('hears soon of the return of a server that has failed at once again and again, since that costs callers nothing', async () => {
    const { clock, faulty, read } = setUp()
    for (let round = 0; round < 10; round++) {
      faulty.faultOf = () => new StoreUnavailableError('ECONNRESET', details)
      await read(5)
      faulty.thaw()
      await clock.advance(100)
      expect(states().splice(-2)).toEqual(['read open', 'read closed'])
    }
  })

  it('hears at once of a connection that stands', async () => {
    const clock = new FakeClock()
    const faulty = faultyStore(memoryStore({ clock }))
    let reachable = (): void => {}
    const onReachable = (listener: () => void): void => {
      reachable = listener
    }
    const guarded = guardStore(
      new Proxy(faulty, { get: (target, name) => (name === 'onReachable' ? onReachable : Reflect.get(target, name)) }),
      { clock },
    )
    faulty.freeze()
    for (let count = 0; count < 5; count++) {
      const reading = errorOf(guarded.get('key'))
      await clock.advance(READ_MS)
      await reading
    }
    await clock.advance(10_000)
    faulty.thaw()
    const sent = faulty.calls.length
    for (let count = 0; count < 100; count++) reachable()
    await turn()
    await clock.advance(100)
    expect(states()).toEqual(['read open', 'read closed'])
    expect(faulty.calls.length).toBe(sent + 1)
  })

  it('tells the store which server it gives up, by a key of its own there, so that it may go around what holds it up', async () => {
    const clock = new FakeClock()
    const faulty = faultyStore(memoryStore({ clock }))
    const givenUp: string[] = []
    const methods: Readonly<Record<string | symbol, unknown>> = {
      serverOf: (key: string) => `server of ${key.at(-1)}`,
      goAround: (key: string) => void givenUp.push(key),
    }
    const store = new Proxy(faulty, { get: (target, name) => methods[name] ?? Reflect.get(target, name) })
    const guarded = guardStore(store, { clock })
    faulty.freeze()
    for (let count = 0; count < 5; count++) {
      expect(givenUp).toEqual([])
      const reading = errorOf(guarded.get('key 7'))
      await clock.advance(READ_MS)
      await reading
    }
    expect(givenUp).toEqual(['tiercel:breaker:7'])
  })

  it('hears a write that was held up come through, and takes writes at once', async () => {
    const { clock, faulty, guarded } = setUp()
    let resume = (): void => {}
    const paused = new Promise<void>((resolve) => {
      resume = resolve
    })
    faulty.faultOf = (operation) => (operation === 'set' ? { answerAfter: paused } : undefined)
    for (let round = 0; round < 30; round++) {
      const writing = errorOf(guarded.set('key', bytes))
      await clock.advance(200)
      await writing
    }
    expect(states()).toEqual(['write open'])
    faulty.thaw()
    resume()
    await clock.advance(25)
    await guarded.set('key', bytes)
    expect(states()).toEqual(['write open', 'write closed'])
  })

  it('hears soon of the return of a server that first was silent and then gone', async () => {
    const { clock, faulty, read } = setUp()
    faulty.freeze()
    await read(5)
    await clock.advance(10_000)
    faulty.faultOf = () => new StoreUnavailableError('ECONNREFUSED', details)
    await clock.advance(10_000)
    faulty.thaw()
    await clock.advance(200 + READ_MS)
    expect(states()).toEqual(['read open', 'read closed'])
  })
})
