import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/protocol/bus-message.js'
import { Wakes } from '../../src/protocol/wakes.js'
import { turn } from '../../src/testing/fake-clock.js'
import { linked, setUpNear } from '../support/near.js'
import { gate, type Process } from '../support/set-up.js'

const SENDER = 'sender-8'
const topicOf = (number: number): string => String(number).padStart(16, '.')

/** Polls of a process. */
const polls = ({ faulty }: Process): number => faulty.calls.filter((call) => /^get(Many)? 2:v::k/.test(call)).length
const messages = ({ faulty }: Process): number => faulty.calls.filter((call) => call.startsWith('publish')).length

async function twoProcesses(options: Parameters<typeof setUpNear>[0] = {}) {
  const first = await setUpNear({ near: true, ...options })
  const second = await linked(first.another())
  return { clock: first.clock, first, second }
}

describe('where there is a bus, who waits for a load of another process', () => {
  it('is woken when its value stands, and polls once a second meanwhile', async () => {
    const { clock, first, second } = await twoProcesses()
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = second.cache.getOrSet('k', () => 'own')
    await clock.advance(10_000)
    expect(polls(second)).toBeLessThan(18)
    slow.open('loaded')
    // The clock stands still.
    expect(await Promise.all([loaded, waiting])).toEqual(['loaded', 'loaded'])
  })

  it('is woken when the load fails, and loads itself', async () => {
    const { clock, first, second } = await twoProcesses()
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    loaded.catch(() => {})
    await turn()
    const waiting = second.cache.getOrSet('k', () => 'own')
    await clock.advance(5_000)
    slow.fail(new Error('no'))
    expect(await waiting).toBe('own')
    await expect(loaded).rejects.toThrow('no')
  })

  it('is woken when a stale value is replaced that may not be served at once', async () => {
    const { clock, first, second } = await twoProcesses({ near: { ttl: 1 }, ttl: '1s', staleIfError: '1h' })
    await first.cache.set('k', 'stale')
    await clock.advance(2_000)
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = second.cache.getOrSet('k', () => 'own')
    await clock.advance(4_000)
    slow.open('loaded')
    expect(await Promise.all([loaded, waiting])).toEqual(['loaded', 'loaded'])
  })

  it('is woken when a third one sets or deletes the key', async () => {
    const { clock, first, second } = await twoProcesses()
    const third = await linked(first.another())
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = second.cache.getOrSet('k', () => 'own')
    await clock.advance(3_000)
    await third.cache.set('k', 'set')
    expect(await waiting).toBe('set')
    slow.open('loaded')
    expect(await loaded).toBe('loaded')
  })

  it('polls as ever where the message is lost, or nobody is left to send it', async () => {
    const { clock, first, second } = await twoProcesses()
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = second.cache.getOrSet('k', () => 'own')
    await clock.advance(5_000)
    first.faulty.faultOf = (operation) => (operation === 'publish' ? new Error('lost') : undefined)
    slow.open('loaded')
    expect(await loaded).toBe('loaded')
    let answered = false
    void waiting.then(() => {
      answered = true
    })
    await turn()
    expect(answered).toBe(false)
    await clock.advance(1_000)
    expect(await waiting).toBe('loaded')
  })

  it('many wait, and one says so; a load that nobody waits for sends nothing', async () => {
    const { clock, first, second } = await twoProcesses()
    const third = await linked(first.another())
    const fourth = await linked(first.another())
    await first.cache.getOrSet('alone', () => 'loaded')
    await turn()
    expect([first, second, third, fourth].map(messages)).toEqual([0, 0, 0, 0])
    const slow = gate<string>()
    const loaded = first.cache.getOrSet('k', () => slow.promise)
    await turn()
    const waiting = [second, third, fourth].map(({ cache }) => cache.getOrSet('k', () => 'own'))
    // Before the first heartbeats.
    await clock.advance(200)
    expect([second, third, fourth].map(messages).reduce((sum, count) => sum + count)).toBe(1)
    slow.open('loaded')
    expect(await Promise.all(waiting)).toEqual(['loaded', 'loaded', 'loaded'])
    await loaded
    expect(messages(first)).toBe(1)
  })
})

describe('wishes to be woken', () => {
  const bus = () => {
    const sent: [string, readonly string[]][] = []
    return { sent, linked: true, wake: (kind: string, topics: readonly string[]) => void sent.push([kind, topics]) }
  }

  it('are one message for a turn of the event loop, and are answered in one', async () => {
    const { sent, ...to } = bus()
    const wakes = new Wakes(to)
    for (let index = 0; index < 1_500; index++) wakes.listen(topicOf(index), () => {})
    await turn()
    expect(sent.map(([kind, topics]) => [kind, topics.length])).toEqual([
      ['wanted', 1_000],
      ['wanted', 500],
    ])
    wakes.ended(() => topicOf(1))
    wakes.ended(() => topicOf(2))
    wakes.ended(() => 'of no interest')
    await turn()
    expect(sent[2]).toEqual(['ended', [topicOf(1), topicOf(2)]])
  })

  it('are remembered for 10,000 loads, those of others as well', async () => {
    const { sent, ...to } = bus()
    const wakes = new Wakes(to)
    wakes.hear(
      'wanted',
      Array.from({ length: 10_001 }, (_, index) => topicOf(index)),
    )
    for (const index of [0, 1]) wakes.ended(() => topicOf(index))
    await turn()
    expect(sent).toEqual([['ended', [topicOf(1)]]])
  })

  it('are nothing without a bus, or while it is down', () => {
    expect(new Wakes(undefined).listen(topicOf(1), () => {})).toBeUndefined()
    expect(new Wakes({ linked: false, wake: () => {} }).listen(topicOf(1), () => {})).toBeUndefined()
  })

  it('who has stopped listening is not woken', () => {
    const wakes = new Wakes(bus())
    let woken = 0
    const stop = wakes.listen(topicOf(1), () => woken++)
    wakes.listen(topicOf(1), () => woken++)
    stop?.()
    wakes.hear('ended', [topicOf(1)])
    expect(woken).toBe(1)
  })

  it('travel as messages, between heartbeats, and what is cut short says less', () => {
    const topics = [topicOf(1), '\n\0\u00ff'.padEnd(16, '\n')]
    const message = { sender: SENDER, number: 7, slots: undefined, loads: { kind: 'ended', topics } } as const
    const bytes = encodeMessage(message)
    expect(decodeMessage(bytes)).toEqual(message)
    expect(decodeMessage(bytes.subarray(0, -1))?.loads?.topics).toEqual(topics.slice(0, 1))
  })
})
